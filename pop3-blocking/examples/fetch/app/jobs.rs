//! The runs: one for each mailbox, or with `--poll` again and again.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pop3_blocking::sync::{Day, Report, Run};

use super::account::Account;
use super::connector::connector;
use super::exit::{Exit, Failure};
use super::interrupt;
use super::maildir::{Maildir, Store};
use super::options::{Options, Verbosity};
use super::output::{Output, Sum, say};
use super::recording::Recording;

/// A mailbox during a run: what the loop of a client needs.
pub(crate) struct Mailbox<'a> {
    pub(crate) account: &'a mut Account,
    pub(crate) run: Run,
    pub(crate) store: Store,
    pub(crate) output: Output,
}

/// After failures, the pause is at most this many intervals.
const MAX_BACK_OFF: u32 = 16;

/// A mailbox and its next run.
struct Job {
    account: Account,
    /// Begins each line about the server.
    server: String,
    due: Instant,
    /// How many runs in a row have failed.
    failures: u32,
    /// The least time until another run; `None` if another run is useless or harmful.
    again_after: Option<Duration>,
    /// The result of the last run.
    exit: Exit,
}

/// The settings of all runs, and what they have done.
struct Runs<'o, S> {
    options: &'o Options,
    several: bool,
    session: S,
    sum: Sum,
    recording: Option<Recording>,
}

/// Fetches all mailboxes with this loop.
pub(super) fn fetch_all<S>(options: &Options, session: S) -> Result<Exit, Failure>
where
    S: FnMut(&mut Mailbox<'_>) -> io::Result<()>,
{
    let mut connector = connector(options)?;
    let recording = Recording::new(options, &mut connector)?;
    let several = options.servers.len() > 1;
    let mut exits = Vec::new();
    let mut jobs = Vec::new();
    for server in &options.servers {
        match Account::new(options, server, &connector) {
            Ok(account) => jobs.push(Job::new(account, several.then(|| server.url()))),
            Err(failure) if several => {
                Output::new(server.url(), several).note(&failure);
                exits.push(failure.exit);
            }
            Err(failure) => return Err(failure),
        }
    }
    // Not before: at the prompt for a password, Ctrl-C ends the program as usual.
    interrupt::handle();
    let sum = Sum::default();
    let mut runs = Runs {
        options,
        several,
        session,
        sum,
        recording,
    };
    match options.poll {
        Some(interval) => runs.poll(&mut jobs, interval),
        None => {
            for job in &mut jobs {
                runs.run(job);
                if interrupt::requested() {
                    break;
                }
            }
            if several {
                say(&runs.sum.line())?;
            }
        }
    }
    if interrupt::requested() {
        return Ok(Exit::Interrupted);
    }
    exits.extend(jobs.iter().map(|job| job.exit));
    Ok(exits.into_iter().reduce(Exit::and).unwrap_or(Exit::Done))
}

impl Job {
    fn new(account: Account, url: Option<String>) -> Self {
        Self {
            server: url.unwrap_or_else(|| account.endpoint().to_string()),
            account,
            due: Instant::now(),
            failures: 0,
            again_after: Some(Duration::ZERO),
            exit: Exit::Done,
        }
    }
}

impl<S: FnMut(&mut Mailbox<'_>) -> io::Result<()>> Runs<'_, S> {
    /// Fetches again and again, until no mailbox is left, or until Ctrl-C.
    fn poll(&mut self, jobs: &mut [Job], interval: Duration) {
        loop {
            let left = jobs.iter_mut().filter(|job| job.again_after.is_some());
            let Some(job) = left.min_by_key(|job| job.due) else {
                return;
            };
            interrupt::wait(job.due.saturating_duration_since(Instant::now()));
            if interrupt::requested() {
                return;
            }
            self.run(job);
            let factor = (1 << job.failures.min(MAX_BACK_OFF)).min(MAX_BACK_OFF);
            let least = job.again_after.unwrap_or_default();
            job.due = Instant::now() + (interval * factor).max(least);
        }
    }

    /// Runs a job once.
    fn run(&mut self, job: &mut Job) {
        let mut output = Output::new(job.server.clone(), self.several);
        if self.options.verbosity >= Verbosity::Protocol {
            output = output.without_bar();
        }
        (job.exit, job.again_after) = match self.fetch(job, output) {
            Ok(outcome) => outcome,
            Err(failure) => {
                Output::new(job.server.clone(), self.several).note(&failure);
                (failure.exit, None)
            }
        };
        if let Some(recording) = &mut self.recording {
            let output = Output::new(job.server.clone(), self.several);
            match recording.write() {
                Ok(files) => {
                    for file in files {
                        output.note(&format_args!("recorded in {}", file.display()));
                    }
                }
                Err(failure) => {
                    output.note(&failure);
                    job.exit = job.exit.and(failure.exit);
                }
            }
        }
        job.failures = if job.exit == Exit::Done {
            0
        } else {
            job.failures + 1
        };
    }

    /// Fetches a mailbox.
    fn fetch(
        &mut self,
        job: &mut Job,
        output: Output,
    ) -> Result<(Exit, Option<Duration>), Failure> {
        // This locks the Maildir, so it has to be done before the server is contacted.
        let maildir = Maildir::open(&self.options.maildir)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let today = Day::from_unix(now.unwrap_or_default().as_secs());
        let opened = maildir.account(job.account.name(), today)?;
        if opened.damaged > 0 {
            let damaged = opened.damaged;
            output.note(&format_args!(
                "damaged lines of the ledger are ignored: {damaged}"
            ));
        }
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let rules = self.options.rules.clone();
        let mut mailbox = Mailbox {
            account: &mut job.account,
            run: Run::new(opened.ledger, rules, today, seed),
            store: opened.store,
            output,
        };
        let result = (self.session)(&mut mailbox);
        let Mailbox {
            mut run,
            mut output,
            ..
        } = mailbox;
        output.notes(&mut run);
        output.finish();
        let (_, report) = run.finish();
        self.sum.add(&report);
        self.conclude(&mut job.account, &output, result, &report)
    }

    /// Prints how a run has ended.
    fn conclude(
        &self,
        account: &mut Account,
        output: &Output,
        result: io::Result<()>,
        report: &Report,
    ) -> Result<(Exit, Option<Duration>), Failure> {
        let error = report.error.as_ref().filter(|_| report.failed);
        let outcome = match (&result, error) {
            (Err(error), _) => {
                output.note(error);
                (Exit::Local, None)
            }
            (Ok(()), Some(error)) => {
                match account.hint(error) {
                    Some(hint) => output.blame(&format_args!("{error}; {hint}")),
                    None if output.has_printed(error) => {}
                    None => output.blame(error),
                }
                (Exit::of(error), error.retry().earliest())
            }
            (Ok(()), None) if report.failed => {
                if !output.has_failed() && !interrupt::requested() {
                    output.blame(&"the session ended too early; the next run fetches the rest");
                }
                (Exit::Partial, Some(Duration::ZERO))
            }
            (Ok(()), None) => (Exit::Done, Some(Duration::ZERO)),
        };
        let least = report.again_after.unwrap_or_default();
        if !least.is_zero() {
            let seconds = least.as_secs();
            output.blame(&format_args!(
                "the server accepts the next login in {seconds} s"
            ));
        }
        if let Some(plan) = &report.plan {
            for line in plan.to_string().lines() {
                output.say(line)?;
            }
        }
        if account.take_logged_in() {
            output.say(&Sum::of(report).line())?;
        }
        Ok((outcome.0, outcome.1.map(|after| after.max(least))))
    }
}
