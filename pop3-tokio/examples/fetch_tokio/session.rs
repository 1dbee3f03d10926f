//! The session of the asynchronous examples: the blocking one with `await`.

use pop3_blocking::proto::client::{Client, Transport};
use pop3_blocking::{Dele, Error, List, Uidl};

use crate::run::Run;
use crate::setup::{Failure, Setup};

/// Logs in, and says how.
pub(crate) async fn log_in<T: Transport>(
    client: Result<Client<T>, Error>,
    setup: &Setup,
) -> Result<Client<T>, Failure> {
    let mut client = client.map_err(|error| setup.no_session(&error))?;
    let result = client.login(setup.account.login()).await;
    setup.tell(client.connection());
    result.map_err(|error| setup.no_session(&error))?;
    Ok(client)
}

/// Fetches what is not here yet; deletes on the server what is safely stored, if that is asked for.
pub(crate) async fn session<T: Transport>(
    client: &mut Client<T>,
    run: &mut Run,
) -> Result<(), Failure> {
    let (sizes, unique_ids) = client.batch((List, Uidl)).await?;
    let mailbox = run.listed(&sizes, &unique_ids);
    let wanted = run.wanted(&mailbox);
    let mut messages = client.retrieve(wanted.iter().map(|mail| mail.number));
    for mail in &wanted {
        let message = messages.next().await;
        match message.ok_or("the session ended too early")? {
            Ok(mut message) => {
                // Nothing else is to be done meanwhile: elsewhere a thread of its own would write.
                let mut arriving = run.arriving()?;
                while let Some(chunk) = message.chunk().await? {
                    arriving.write(&chunk)?;
                }
                let received = message.received().copied();
                arriving.commit(mail, received)?;
            }
            Err(error) => run.failed(error)?,
        }
    }
    let doomed = run.doomed(&mailbox)?;
    let mut marked = 0;
    let mut replies = client.pipeline(doomed.into_iter().map(Dele));
    while let Some(reply) = replies.next().await {
        marked += run.marked(reply)?;
    }
    run.quit(client.quit().await, marked)
}
