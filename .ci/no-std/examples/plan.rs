//! Prints what a login would do in a build without the features `scram` and `oauth`, and how large an
//! idle connection is.

use pop3_proto::{Channel, Config, Connection, Instant, Login};

fn main() {
    let connection = Connection::new(Config::default(), Channel::TrustedByCaller, Instant::ORIGIN);
    let password = Login::new("joe", "secret").expect("name and password are ASCII");
    let token = Login::bearer("joe", "token").expect("name and token are ASCII");
    println!("{:#}", connection.plan_login(&password));
    println!("{:#}", connection.plan_login(&token));
    println!("an idle connection: {} octets", size_of::<Connection>());
}
