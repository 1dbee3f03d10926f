//! The long computation of SCRAM: computing it in slices does not change the result.

use pop3_proto::sasl::{Mechanism as _, Progress, SaslError, Scram, ScramHash};

use super::{answer, scram, server_first};

/// Hash, iterations, slices, proof and signature, computed by another implementation of PBKDF2
/// (Python's `hashlib`). The first iteration is computed before the slices.
const REFERENCE: [(ScramHash, u32, usize, &str, &str); 15] = [
    (
        ScramHash::Sha1,
        1,
        1,
        "WWND9kyEBRT4C2pZyOvSgzMO57E=",
        "YsxS8iRqDl0o9qUjDrQsm9QcwXY=",
    ),
    (
        ScramHash::Sha1,
        2,
        1,
        "MCVNOvB4AYU2p3MmUOr2rZuubmY=",
        "tSrgZwtAljLNsEWhycIaYuWTxLU=",
    ),
    (
        ScramHash::Sha1,
        10_001,
        1,
        "87MThKGXt0dzY6U8lgnrkjVOf18=",
        "xxOP4fl/VLHRfSEFnByEN+45qVg=",
    ),
    (
        ScramHash::Sha1,
        10_002,
        2,
        "LmO0elG9yY2i73qEOcdKtJzjcFU=",
        "xAq6I4K0vyYMc6EMPtSzi5ZGCzQ=",
    ),
    (
        ScramHash::Sha1,
        25_000,
        3,
        "PPx660a/egTdM+NCK0+Tgg/cv5A=",
        "eN18nywPiJkYI7IxXp15R+bSDk0=",
    ),
    (
        ScramHash::Sha256,
        1,
        1,
        "0HpZtX/KXXa0ywYK4tj43Y2SHpuAk6sib0z2ZmNk22Y=",
        "XjTu3KBABgY/OKnhaQwxJb9Vbt2Fj1v+lPuMzeAcqSk=",
    ),
    (
        ScramHash::Sha256,
        2,
        1,
        "+8IuI+Z9YyDzU8xInNL2c22amQl0062aatEYJyAY3k4=",
        "ndAdrh5TECKakHzPBk4un3277PJn0A8uU1LbVR2ya5w=",
    ),
    (
        ScramHash::Sha256,
        10_001,
        1,
        "dG1HMSKx5pE2HMgnoIqnnTWFQny7zBvWtF56H/LPs8Q=",
        "N1vjNjHobsUjjMfaFAl0V3kR3XXXbnAH0ekToxCoDCU=",
    ),
    (
        ScramHash::Sha256,
        10_002,
        2,
        "XFKcVfOSb75oe8Bvnyp7Xy+7vLTlLk5fojp1WIYavhQ=",
        "YiP+Ngdh21/mKOtzYuUomEx4N9Z6Saq306XQckOcfdY=",
    ),
    (
        ScramHash::Sha256,
        25_000,
        3,
        "haEZAuvFz9uAAnBwqKtmwO7vKO6Hf0I1wHOzZX89WCQ=",
        "brFlyEEViOz/HIZeKEO91v7uzqYnlaDAwtSUPzCuECs=",
    ),
    (
        ScramHash::Sha512,
        1,
        1,
        "OG+Yzmp+Yc5R24yynHJv/dVg0ptS3byoH0/4Bt6yXiJ06p1cNsAHDjGYE9cT14i99cm0NRqOFYtZEEnz/2gXGQ==",
        "eUd4CLj43i/DpuWMi51wFoqtI1Ninyl6IbcbdCWGize4ULbT0j5z/4WDHH11gQP21GHWgEcdFFR8xXVE5DiPFg==",
    ),
    (
        ScramHash::Sha512,
        2,
        1,
        "m20NReesbWiJz2yycj6GLTLzybLnPUeMtrVjxmT4B9EeadgWR+P2RHS1cbOtbqqmEYiaA9qkNQwb/m2ilTWiPw==",
        "W1I0sTEE2tT3LnJPGudT856/MvhGLix4/ra4jSzCQsWcu7Lx7pHIZdP3igjql/TYUWLlzq9JyujcCIAiRB4OTg==",
    ),
    (
        ScramHash::Sha512,
        10_001,
        1,
        "6Et3qxz53Q62+3DHNBfVkNJPtNDgT8JinFRi9wvSF9IETTd2UPsuQPWnpvO9I/SrxEdNhE6tMONXiO063SstWg==",
        "7xS+UVDP7/7wUdTmVP3oKr1jL/1IgCY50jvwbiHuxb6unN63lzXPa2SVPXpsL+8s5/i4wlIRG59vtP54F9awJQ==",
    ),
    (
        ScramHash::Sha512,
        10_002,
        2,
        "Atb29x8ACnLKV6DKbTRDzaplDYGWo3EQ2tnUC2Z3TZORkejsKA/GDsmSdOf0JTc3gKOzZ1oWbLXS/XesG7BNfA==",
        "y7zI6EzMs1L/ZlVVzIdUmBLN7Jtpy7YQd5QfaLejeGYjWDq3jAr8zbIR3ARzTeSqr9Eevj42Yvf4M/oten+DaA==",
    ),
    (
        ScramHash::Sha512,
        25_000,
        3,
        "yGbh73/kFELeow4/GLbefTTj6lGMYjjaoVutMCrtGapLNd96vFnTXaDquIjsL+wUkCNB9CPCg9Yr1muub6P16g==",
        "amfJ2ijqFGt4F3cEa7Z3wh+8Vv0BNqATdUmxiwomxd22eqlvj71QX7xnupK+JrQ+XJrOFPMTmR/FOLeLvUziGA==",
    ),
];

#[test]
fn sliced_computation_gives_the_same_result() {
    for (hash, iterations, slices, proof, signature) in REFERENCE {
        let mut scram = scram(hash).with_iterations(1..=iterations);
        let mut progress = scram
            .respond(server_first(iterations).as_bytes())
            .expect("within bounds");
        let mut calls = 0;
        let last = loop {
            match progress {
                Progress::Work => progress = scram.work().expect("work to do"),
                Progress::Respond(response) => break response,
            }
            calls += 1;
        };
        assert_eq!(calls, slices, "{hash:?} {iterations}");
        let last = String::from_utf8_lossy(last.as_bytes());
        assert!(last.ends_with(&format!(",p={proof}")), "{last}");
        answer(&mut scram, format!("v={signature}").as_bytes()).expect("the correct signature");
        assert_eq!(scram.finish(), Ok(()));
    }
}

#[test]
fn long_computation_can_be_stopped_between_slices() {
    let mut scram = scram(ScramHash::Sha1).with_iterations(1..=u32::MAX);
    let begun = scram.respond(server_first(u32::MAX).as_bytes());
    assert!(matches!(begun, Ok(Progress::Work)));
    assert!(matches!(scram.work(), Ok(Progress::Work)));
}

#[test]
fn work_fails_without_a_pending_challenge() {
    let mut scram: Scram = scram(ScramHash::Sha1);
    assert!(matches!(scram.work(), Err(SaslError::Other(_))));
    answer(&mut scram, server_first(4_096).as_bytes()).expect("a proof");
    assert!(matches!(scram.work(), Err(SaslError::Other(_))));
}

#[test]
fn challenge_during_the_work_fails() {
    let mut scram = scram(ScramHash::Sha1);
    let begun = scram.respond(server_first(4_096).as_bytes());
    assert!(matches!(begun, Ok(Progress::Work)));
    let second = scram.respond(server_first(4_096).as_bytes());
    assert_eq!(second.err(), Some(SaslError::NothingLeft));
    assert!(matches!(scram.work(), Err(SaslError::Other(_))));
}
