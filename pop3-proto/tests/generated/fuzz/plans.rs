//! Seeds for the targets of the two clients: short sessions that together cover every operation.

use pop3_proto::MessageNumber;

use pop3_testkit::fuzz::clients::plan::{Act, Ask, Operation, Plan, Setup, What};

/// Returns all plans by name.
pub(crate) fn all() -> Vec<(String, Plan)> {
    let setups = [
        ("auto", 0),
        ("full-window", Setup::LARGE | Setup::LISTED),
        ("always", Setup::ALWAYS),
        ("never", Setup::NEVER),
        (
            "not-advertised",
            Setup::NOT_ADVERTISED | Setup::LARGE_BUFFER,
        ),
        (
            "without-capa",
            Setup::ALWAYS | Setup::CAPA_NEVER | Setup::STRICT,
        ),
    ];
    let mut all = Vec::new();
    for (place, (setup, bits)) in setups.into_iter().enumerate() {
        for (name, operations) in sessions() {
            for (transport, link) in links().into_iter().skip(place % 2).step_by(2) {
                let plan = Plan {
                    setup: Setup(bits),
                    operations: operations.clone(),
                    link,
                };
                all.push((format!("{name}-{setup}-{transport}"), plan));
            }
        }
    }
    all
}

fn n(number: u32) -> MessageNumber {
    MessageNumber::new(number).expect("a number above zero")
}

/// Sequences of application operations. The number is how many polls a future gets before it is
/// dropped.
fn sessions() -> Vec<(&'static str, Vec<Operation>)> {
    let operation = |what, polls| Operation { what, polls };
    let call = |ask, polls| operation(What::Call(ask), polls);
    let retrieve = |reads, count, take, polls| {
        let what = What::Retrieve {
            top: false,
            reads,
            count,
            take,
        };
        operation(what, polls)
    };
    let wait = |which, polls| operation(What::Wait { which, read: 2 }, polls);
    let pipeline =
        |kind, count, take, polls| operation(What::Pipeline { kind, count, take }, polls);
    let open = |kind, read, polls| {
        let number = n(3);
        operation(What::Open { kind, number, read }, polls)
    };
    vec![
        (
            "fetch-and-delete",
            vec![
                operation(What::Batch(0, n(1)), 0),
                retrieve(0, 8, 0, 0),
                pipeline(0, 8, 0, 0),
            ],
        ),
        (
            "messages-in-part",
            vec![
                retrieve(0b1001, 6, 0, 0),
                retrieve(0b0110, 6, 3, 2),
                pipeline(0, 3, 0, 0),
            ],
        ),
        (
            "helpers-dropped",
            vec![
                retrieve(0b0101, 9, 2, 1),
                pipeline(1, 12, 3, 1),
                pipeline(2, 14, 2, 0),
                call(Ask::Stat, 0),
            ],
        ),
        (
            "futures-dropped",
            vec![
                call(Ask::List, 1),
                call(Ask::Dele(n(2)), 2),
                operation(What::Batch(1, n(4)), 2),
                open(0, 0, 1),
                operation(What::Batch(2, n(5)), 1),
                call(Ask::Uidl, 3),
                call(Ask::UidlOne(n(1)), 0),
            ],
        ),
        (
            "tickets",
            vec![
                operation(What::Submit(Ask::Stat), 0),
                operation(What::Submit(Ask::Dele(n(1))), 0),
                operation(What::Submit(Ask::Rset), 0),
                wait(1, 1),
                wait(0, 0),
                call(Ask::Capa, 1),
                wait(0, 0),
            ],
        ),
        (
            "streamed-tickets",
            vec![
                operation(What::Submit(Ask::Retr(n(3))), 0),
                operation(What::Submit(Ask::Dele(n(3))), 0),
                operation(What::Submit(Ask::Top(n(6))), 0),
                operation(What::Submit(Ask::Retr(n(6))), 0),
                wait(0, 1),
                wait(0, 0),
                wait(1, 2),
                wait(0, 0),
            ],
        ),
        (
            "bodies",
            vec![
                open(0, 2, 0),
                open(1, 3, 0),
                open(2, 0, 1),
                open(3, 1, 0),
                operation(
                    What::Retrieve {
                        top: true,
                        reads: 0b1100,
                        count: 5,
                        take: 0,
                    },
                    1,
                ),
            ],
        ),
        (
            "quit-dropped",
            vec![
                call(Ask::Dele(n(1)), 0),
                call(Ask::Quit, 1),
                call(Ask::Noop, 0),
                pipeline(3, 5, 0, 0),
            ],
        ),
        (
            "server-closes",
            vec![
                call(Ask::ListOne(n(9)), 0),
                operation(What::Submit(Ask::Noop), 0),
                operation(What::HangUp, 0),
                pipeline(3, 4, 0, 0),
                retrieve(0, 3, 0, 0),
            ],
        ),
    ]
}

/// Sequences of transport behaviour.
fn links() -> Vec<(&'static str, Vec<u8>)> {
    let link = |acts: &[Act], times: usize| {
        let acts = acts.iter().map(|act| act.encode());
        acts.collect::<Vec<u8>>().repeat(times)
    };
    let after = |times, act: Act| {
        let mut link = link(&[Act::Move(usize::MAX)], times);
        link.push(act.encode());
        link
    };
    vec![
        ("well", Vec::new()),
        ("trickle", link(&[Act::Move(3)], 200)),
        ("waits", link(&[Act::Wait(0), Act::Move(usize::MAX)], 60)),
        (
            "everything",
            link(
                &[
                    Act::Move(7),
                    Act::Wait(2),
                    Act::Interrupt,
                    Act::Move(160),
                    Act::Wait(0),
                ],
                30,
            ),
        ),
        ("closes", after(11, Act::Eof)),
        ("resets", after(14, Act::Reset)),
        ("stops", after(16, Act::Silence)),
        ("writes-fail", after(13, Act::WriteFails)),
    ]
}
