//! The minimum counts of a default run, which are a third to a half of the usual counts. They
//! ensure that the sessions test something.

use super::plan::Scope;
use super::tally::Tally;

pub(crate) fn minimum(scope: Scope) -> Tally {
    let Scope {
        tls,
        deviations,
        faults,
        violations,
        helpers,
    } = scope;
    if helpers {
        return Tally {
            helpers_ended: 300,
            operations_left: 300,
            ..Tally::NONE
        };
    }
    let if_so = |so: bool, count| if so { count } else { 0 };
    let rough = faults || violations;
    // Over TLS there are half as many sessions, and the handshake can fail.
    let ordinary = match (tls, rough) {
        (false, false) => [200, 80, 400, 150, 500, 150],
        (false, true) => [70, 30, 120, 50, 200, 50],
        (true, false) => [80, 40, 200, 80, 300, 80],
        (true, true) => [35, 10, 70, 25, 90, 15],
    };
    let [
        logins,
        proofs,
        whole_messages,
        deletions,
        refusals,
        committed,
    ] = ordinary;
    Tally {
        logins,
        proofs,
        whole_messages,
        deletions,
        refusals,
        committed,
        abandoned: 300,
        bodies_cut: if_so(faults, 2),
        quit_unknown: if_so(faults, 8),
        fatal: if_so(rough, 60),
        violations_applied: if_so(violations, 50),
        deviations_applied: if_so(deviations, 250),
        injected_at_stls: if_so(tls && violations, 10),
        forged: if_so(violations, 2),
        late_handshakes: if_so(tls && faults, 2),
        over_limits: 1,
        ..Tally::NONE
    }
}
