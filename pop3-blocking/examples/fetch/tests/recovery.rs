//! `fetch` after a crash between recording a message and publishing it.
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use pop3_testkit::program::{Script, fetch, run, stored};

#[test]
fn recorded_message_is_published_by_the_next_run() {
    let server = Script::start(&[]).url();
    for next in [server.clone(), server.replace("127.0.0.1", "localhost")] {
        let home = tempfile::tempdir().unwrap();
        run(fetch(&home), &["--plaintext", &server]).success();
        // The last message is still staged, and the crash was two days ago.
        let new = fs::read_dir(home.path().join("new")).unwrap();
        let mut names: Vec<_> = new.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        let staged = home.path().join("tmp").join(&names[2]);
        fs::rename(home.path().join("new").join(&names[2]), &staged).unwrap();
        let file = File::options().append(true).open(&staged).unwrap();
        let crash = SystemTime::now() - Duration::from_secs(48 * 60 * 60);
        file.set_modified(crash).unwrap();

        let outcome = run(fetch(&home), &["--plaintext", "--delete", &next]);
        let line = "fetched 0 messages (0 octets), 3 already here, 3 deleted";
        assert_eq!(outcome.success(), line);
        assert_eq!(stored(home.path()).len(), 3, "{next}");
        assert!(!staged.exists());
    }
}
