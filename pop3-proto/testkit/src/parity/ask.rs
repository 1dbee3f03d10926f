//! Calls a client for the operations of a transcript, and reports the results in the format of
//! transcripts.

use pop3_proto::{
    Dele, Error, List, MessageNumber, Quit, Secret, Stat, Top, Uidl, Username,
    command::{
        Apop, AuthMechanisms, Capa, GetCapabilities, Lang, ListOne, Noop, Pass, Raw, Rset, SetLang,
        StartTls, UidlOne, User, Utf8, Whole,
    },
    reply::Reply,
};

use pop3_proto::internals::render;
use pop3_proto::record::Operation as Op;

use super::client::{Body, Client, Enough};
use super::script::Asked;

/// Receives what is reported: the label and the text.
pub(super) type Report<'t> = &'t mut dyn FnMut(&str, String);

/// Submits operations together if the client has a method for that.
pub(super) fn ask(client: &mut impl Client, group: &[Asked], report: Report<'_>) {
    for together in group.chunk_by(Asked::is_of_a_kind_with) {
        match together {
            [one] if one.is_streamed() => stream(client, one, report),
            [one] => report(&one.label, render::result_of(&by_name(client, &one.op))),
            [one, ..] if one.is_streamed() => retrieve(client, together, report),
            several => submit_and_wait(client, several, report),
        }
    }
}

/// Calls the client's method that has the name of the operation.
fn by_name(client: &mut impl Client, op: &Op) -> Result<Reply, Error> {
    match op {
        Op::AuthMechanisms => client.auth_mechanisms().map(Reply::Mechanisms),
        Op::Capa => client.capa().map(Reply::Capabilities),
        Op::StartTls => client.start_tls().map(Reply::Capabilities),
        Op::Login(login) => {
            let mut tokens = login.tokens().into_iter().flatten().flatten();
            let mut provide = |_: Option<_>| tokens.next().ok_or("none is left".to_owned());
            let result = client.login_with(login.login()?, &mut provide);
            result.map(Reply::Status)
        }
        Op::Utf8 => client.utf8().map(Reply::Status),
        Op::Lang => client.lang().map(Reply::Languages),
        Op::SetLang(range) => client.set_lang(range).map(Reply::Language),
        Op::Stat => client.stat().map(Reply::Stat),
        Op::List => client.list().map(Reply::Sizes),
        Op::ListOne(n) => client.list_one(number(*n)?).map(Reply::Size),
        Op::Uidl => client.uidl().map(Reply::UniqueIds),
        Op::UidlOne(n) => client.uidl_one(number(*n)?).map(Reply::UniqueId),
        Op::Dele(n) => client.dele(number(*n)?).map(Reply::Status),
        Op::Noop => client.noop().map(Reply::Status),
        Op::Rset => client.rset().map(Reply::Status),
        Op::Quit => client.quit().map(Reply::Quit),
        // There are no separate methods for these commands.
        Op::Capabilities => client.call(GetCapabilities).map(Reply::Capabilities),
        Op::User(name) => client.call(user(name)?).map(Reply::Status),
        Op::Pass(secret) => client.call(pass(secret)?).map(Reply::Status),
        Op::Apop(name, secret) => client.call(apop(name, secret)?).map(Reply::Status),
        Op::Confirm(confirm) => {
            let confirm = confirm.confirm();
            client.call(confirm).map(Reply::Confirmed)
        }
        Op::Short(line) => client.call(Raw::short(line.as_str())?).map(Reply::Status),
        Op::Long(line) => client.call(Raw::long(line.as_str())?).map(Reply::Lines),
        _ => panic!("{op:?} streams"),
    }
}

/// A reply that was not waited for yet.
type Claim<C> = Box<dyn FnOnce(&mut C) -> Result<Reply, Error>>;

fn submit_and_wait<C: Client>(client: &mut C, group: &[Asked], report: Report<'_>) {
    let mut claims = Vec::new();
    for Asked { op, label } in group {
        match submit(client, op) {
            Ok(claim) => claims.push((label, claim)),
            Err(error) => report(label, render::result_of(&Err(error))),
        }
    }
    for (label, claim) in claims {
        report(label, render::result_of(&claim(client)));
    }
}

fn submit<C: Client>(client: &mut C, op: &Op) -> Result<Claim<C>, Error> {
    fn claim<C: Client, W: Whole + 'static>(
        client: &mut C,
        command: W,
        reply: fn(W::Reply) -> Reply,
    ) -> Result<Claim<C>, Error> {
        let ticket = client.submit(command)?;
        Ok(Box::new(move |client| client.wait(ticket).map(reply)))
    }
    match op {
        Op::AuthMechanisms => claim(client, AuthMechanisms, Reply::Mechanisms),
        Op::Capa => claim(client, Capa, Reply::Capabilities),
        Op::Capabilities => claim(client, GetCapabilities, Reply::Capabilities),
        Op::StartTls => claim(client, StartTls, Reply::Capabilities),
        Op::Login(login) => claim(client, login.login()?, Reply::Status),
        Op::Utf8 => claim(client, Utf8, Reply::Status),
        Op::Lang => claim(client, Lang, Reply::Languages),
        Op::SetLang(range) => claim(client, SetLang::new(range.as_str())?, Reply::Language),
        Op::Stat => claim(client, Stat, Reply::Stat),
        Op::List => claim(client, List, Reply::Sizes),
        Op::ListOne(n) => claim(client, ListOne(number(*n)?), Reply::Size),
        Op::Uidl => claim(client, Uidl, Reply::UniqueIds),
        Op::UidlOne(n) => claim(client, UidlOne(number(*n)?), Reply::UniqueId),
        Op::Dele(n) => claim(client, Dele(number(*n)?), Reply::Status),
        Op::Noop => claim(client, Noop, Reply::Status),
        Op::Rset => claim(client, Rset, Reply::Status),
        Op::Confirm(confirm) => claim(client, confirm.confirm(), Reply::Confirmed),
        Op::Quit => claim(client, Quit, Reply::Quit),
        Op::User(name) => claim(client, user(name)?, Reply::Status),
        Op::Pass(secret) => claim(client, pass(secret)?, Reply::Status),
        Op::Apop(name, secret) => claim(client, apop(name, secret)?, Reply::Status),
        Op::Short(line) => claim(client, Raw::short(line.as_str())?, Reply::Status),
        Op::Long(line) => claim(client, Raw::long(line.as_str())?, Reply::Lines),
        _ => panic!("{op:?} streams"),
    }
}

fn stream(client: &mut impl Client, asked: &Asked, report: Report<'_>) {
    let mut read = |body: &mut dyn Body| read_out(body, &asked.label, report);
    let opened = (|| match &asked.op {
        Op::Retr(n) => client.retr(number(*n)?, &mut read),
        Op::Top(n, lines) => client.top(number(*n)?, *lines, &mut read),
        Op::ListStreamed => client.open(List::streamed(), &mut read),
        Op::UidlStreamed => client.open(Uidl::streamed(), &mut read),
        Op::LongStreamed(line) => client.open(Raw::long(line.as_str())?.streamed(), &mut read),
        op => panic!("{op:?} is not streamed"),
    })();
    if let Err(error) = opened {
        report(&asked.label, render::result_of(&Err(error)));
    }
}

/// Retrieves several messages, pipelined.
fn retrieve(client: &mut impl Client, group: &[Asked], report: Report<'_>) {
    let mut rest = group.iter();
    let mut read = |message: Result<&mut dyn Body, Error>| {
        let label = &rest.next().expect("more messages than requested").label;
        match message {
            Ok(message) => read_out(message, label, report),
            Err(error) => report(label, render::result_of(&Err(error))),
        }
        Enough::NotYet
    };
    let valid = |n: u32| number(n).expect("a number");
    match group.first().map(|asked| &asked.op) {
        Some(Op::Retr(_)) => {
            let numbers = group.iter().filter_map(|asked| match asked.op {
                Op::Retr(n) => Some(valid(n)),
                _ => None,
            });
            client.retrieve(numbers, &mut read);
        }
        _ => {
            let tops = group.iter().filter_map(|asked| match asked.op {
                Op::Top(n, lines) => Some(Top {
                    number: valid(n),
                    lines,
                }),
                _ => None,
            });
            client.retrieve(tops, &mut read);
        }
    }
    // After a fatal error the iterator ends before the commands that were not sent. Submit these
    // separately, so that they get the error.
    for asked in rest {
        stream(client, asked, report);
    }
}

fn read_out(body: &mut dyn Body, label: &str, report: Report<'_>) {
    let status = render::result_of(&Ok(Reply::Status(body.status().clone())));
    report(label, status.replacen("ok", "opened", 1));
    let mut octets = Vec::new();
    let end = loop {
        match body.chunk() {
            Ok(Some(chunk)) => octets.extend(chunk),
            Ok(None) => break "end".to_owned(),
            Err(error) => break format!("cut short: {}", render::error(&error)),
        }
    };
    if !octets.is_empty() {
        report(label, format!("body \"{}\"", octets.escape_ascii()));
    }
    report(label, end);
}

fn number(n: u32) -> Result<MessageNumber, Error> {
    Ok(MessageNumber::try_from(n)?)
}

fn user(name: &str) -> Result<User, Error> {
    Ok(User(Username::new(name)?))
}

fn pass(secret: &[u8]) -> Result<Pass, Error> {
    Ok(Pass(Secret::new(secret)?))
}

fn apop(name: &str, secret: &[u8]) -> Result<Apop, Error> {
    Ok(Apop::new(Username::new(name)?, Secret::new(secret)?)?)
}
