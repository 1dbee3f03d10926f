//! Texts of failed logins and of login plans.

use pop3_proto::error::{Argument, AuthError, Rejected};
use pop3_proto::login::{LoginPlan, LoginPolicy, Method, PlannedMethod, Rejection, Verdict};
use pop3_proto::reply::ErrReply;
use pop3_proto::sasl::{OAuthError, SaslError};
use pop3_proto::tls::NoEndPoint;
use pop3_proto::{Channel, Config, Error, Event, Login};
use pop3_testkit::conversation::Conversation;

use super::{Texts, before, reply, text};

/// How a login ends whose `AUTH` or `PASS` gets these replies, one after the other.
fn rejected(login: Login, capabilities: &str, replies: &[&str]) -> Rejected {
    let mut client = Conversation::new(Config::default(), Channel::ImplicitTls);
    client.tls();
    client.server("+OK\r\n");
    client.connection.seed([7; 32]);
    client.connection.submit(login).expect("a login");
    client.server(format!("+OK\r\n{capabilities}\r\n.\r\n"));
    for reply in replies {
        client.server(format!("{reply}\r\n"));
    }
    let events = client.events();
    for event in events.clone() {
        if let Event::Reply {
            result: Err(Error::Auth(error)),
            ..
        } = event
            && let AuthError::Rejected(rejected) = *error
        {
            return rejected;
        }
    }
    panic!("the login is not refused: {events:?}");
}

fn only(login: Login, method: Method) -> Login {
    login.with_policy(LoginPolicy::only(method))
}

fn alice() -> Login {
    Login::new("alice", "secret").expect("a login")
}

/// What a proxy says about the token that it logs in with.
pub(super) fn oauth() -> OAuthError {
    let challenge = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJtYWlsIn0=";
    let login = only(alice(), Method::UserPass);
    let rejected = rejected(login, "USER", &["+OK", challenge, "-ERR no"]);
    rejected.oauth.expect("an error about a token")
}

/// The plan of a login with all methods for a password before `CAPA`.
fn plan() -> LoginPlan {
    let mut client = Conversation::new(Config::default(), Channel::Plain);
    client.server("+OK\r\n");
    client.connection.plan_login(&alice())
}

pub(super) fn planned(rejection: Rejection) -> LoginPlan {
    let mut plan = plan();
    plan.starts_tls = false;
    plan.methods.truncate(1);
    for PlannedMethod { verdict, .. } in &mut plan.methods {
        *verdict = Verdict::Rejected(rejection.clone());
    }
    plan
}

pub(super) fn logins(texts: &mut Texts) {
    let password = |method| only(alice(), method);
    let plain = |words| rejected(password(Method::Plain), "SASL PLAIN", &[words]);
    texts.add("AuthError::Rejected", plain("-ERR [AUTH] account_closed"));
    texts.add("AuthError::Rejected", plain("-ERR Authentication failed"));
    texts.add("AuthError::Rejected", plain("-ERR"));
    texts.add(
        "AuthError::Rejected",
        plain("-ERR [IN-USE] locked by another session"),
    );
    texts.add(
        "AuthError::Rejected",
        plain("-ERR [SYS/PERM] no such maildrop"),
    );
    let unknown = rejected(
        password(Method::Login),
        "SASL PLAIN",
        &["-ERR unknown mechanism"],
    );
    texts.add(
        "AuthError::Rejected, before any credentials were sent",
        unknown,
    );
    let long = Login::new("alice", "x".repeat(100)).expect("a login");
    let long = rejected(
        only(long, Method::Plain),
        "SASL PLAIN",
        &["-ERR invalid command"],
    );
    texts.add("AuthError::Rejected, after a long line", long);
    let external = only(Login::certificate(), Method::External);
    let external = rejected(external, "SASL EXTERNAL", &["-ERR [AUTH] no"]);
    texts.add("AuthError::Rejected, EXTERNAL", external);
    let external = only(Login::certificate(), Method::External);
    let external = rejected(external, "SASL EXTERNAL", &["-ERR no"]);
    texts.add("AuthError::Rejected, EXTERNAL", external);
    let anonymous = only(Login::anonymous("guest"), Method::Anonymous);
    let anonymous = rejected(anonymous, "SASL ANONYMOUS", &["-ERR [AUTH] no"]);
    texts.add("AuthError::Rejected, ANONYMOUS", anonymous);
    let bearer = || {
        only(
            Login::bearer("alice", "t0ken").expect("a login"),
            Method::OAuthBearer,
        )
    };
    let challenge = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJtYWlsIn0=";
    let token = rejected(bearer(), "SASL OAUTHBEARER", &[challenge, "-ERR no"]);
    texts.add("AuthError::Rejected, a token", token.clone());
    let proxy = rejected(
        password(Method::UserPass),
        "USER",
        &["+OK", challenge, "-ERR no"],
    );
    texts.add("AuthError::Rejected, by a proxy with a token", proxy);
    let replies = ["+ VXNlcm5hbWU6", "+ UGFzc3dvcmQ6", "+ ", "-ERR no"];
    let empty = rejected(password(Method::Login), "SASL LOGIN", &replies);
    texts.add("AuthError::Rejected, by a proxy without a reason", empty);
    let mut scram = plain("-ERR [AUTH] no");
    scram.name = "SCRAM-SHA-256".into();
    scram.method = Method::ScramSha256;
    scram.try_instead = Some(Method::Plain);
    texts.add("AuthError::Rejected, SCRAM", scram);

    let broken_off = |reply, try_instead| AuthError::BrokenOff {
        name: "SCRAM-SHA-256".into(),
        cause: SaslError::ServerError(text("other-error")),
        reply,
        try_instead,
    };
    texts.add(
        "AuthError::BrokenOff",
        broken_off(ErrReply::default(), None),
    );
    let broken_off = broken_off(reply("cancelled"), Some(Method::Plain));
    texts.add("AuthError::BrokenOff", broken_off);
    texts.add("AuthError::NoSafeLogin", AuthError::NoSafeLogin(plan()));
    let mut refused = planned(Rejection::NoSasl);
    refused.capa_refused = before();
    texts.add("AuthError::NoSafeLogin", AuthError::NoSafeLogin(refused));
    let none = AuthError::NoSafeLogin(LoginPlan::default());
    texts.add("AuthError::NoSafeLogin", none);
    for refused in [None, Some(Box::new(AuthError::Rejected(token)))] {
        let why = "the identity provider does not answer".into();
        texts.add("AuthError::NoToken", AuthError::NoToken { why, refused });
    }
}

pub(super) fn plans(texts: &mut Texts) {
    for rejection in [
        Rejection::Cleartext,
        Rejection::NotListed,
        Rejection::NoSasl,
        Rejection::NotKnownYet,
        Rejection::NoStls,
        Rejection::BindingListed,
        Rejection::NoBinding,
        Rejection::NoEndPoint(NoEndPoint::NotProvided),
        Rejection::NoEndPoint(NoEndPoint::NoCertificate),
        Rejection::NoEndPoint(NoEndPoint::Undefined),
        Rejection::NoEndPoint(NoEndPoint::UnknownAlgorithm),
        Rejection::NoEndPoint(NoEndPoint::Damaged),
        Rejection::NoChallenge,
        Rejection::ChallengeInClear,
        Rejection::OtherCredentials,
        Rejection::NoAuthzid,
        Rejection::Argument(Argument::UnpreparedPassword),
        Rejection::TooLong {
            octets: 300,
            limit: 255,
        },
        Rejection::NotBuilt { feature: "scram" },
        Rejection::Refused,
    ] {
        let name = format!("{rejection:?}");
        let name = name
            .split(|c: char| !c.is_alphanumeric())
            .next()
            .expect("a name");
        texts.add(&format!("Rejection::{name}"), planned(rejection));
    }
    texts.add("Verdict::Chosen", Verdict::Chosen);
    texts.add("Verdict::Spare", Verdict::Spare);
    texts.add("Verdict::Rejected", Verdict::Rejected(Rejection::Refused));
}
