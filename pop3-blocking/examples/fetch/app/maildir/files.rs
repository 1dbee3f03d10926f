//! Files and directories: durable, private, and never overwritten.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::time::Duration;

use super::names;

/// The age after which a file in `tmp/` is stale, according to the Maildir rules.
const STALE: Duration = Duration::from_secs(36 * 60 * 60);

/// Creates a directory and its parents durably.
pub(super) fn create_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if path.exists() {
        let text = format!("{path:?} is not a directory");
        return Err(io::Error::new(ErrorKind::NotADirectory, text));
    }
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    create_dir(parent)?;
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if !path.is_dir() => Err(failed("create", path)(error)),
        _ => sync_dir(parent),
    }
}

/// Makes the names in a directory durable. Only Unix has a call for that, and only Unix needs it.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)
            .and_then(|dir| dir.sync_all())
            .map_err(failed("sync", path))?;
    }
    Ok(())
}

/// Makes a file that these options create readable only by its owner.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Opens an existing file, if it is a regular one. A link is not followed, because its target may
/// belong to another program, and a pipe is not opened, because that can wait forever.
pub(super) fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let regular = |data: Metadata| match data.is_file() {
        true => Ok(()),
        false => {
            let text = format!("{path:?} is not a regular file: move it away");
            Err(io::Error::new(ErrorKind::InvalidInput, text))
        }
    };
    regular(fs::symlink_metadata(path).map_err(failed("open", path))?)?;
    // In case the file was replaced in between.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path).map_err(failed("open", path))?;
    regular(file.metadata().map_err(failed("read", path))?)?;
    Ok(file)
}

/// Replaces a file durably: after a crash, it has either its old contents or the new ones.
pub(super) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    // No name of an account contains this character unencoded.
    temporary.push("~");
    let temporary = Path::new(&temporary);
    // What a crash left. It may be a link, which must not be followed.
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(failed("remove", temporary)(error));
        }
        _ => {}
    }
    let mut file = create_new(temporary).map_err(failed("create", temporary))?;
    let written = file.write_all(contents).and_then(|()| file.sync_all());
    written.map_err(failed("write", temporary))?;
    fs::rename(temporary, path).map_err(failed("create", path))?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// Creates a file that does not exist yet.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

/// Removes files of crashed deliveries of other programs. A file that cannot be removed does no harm.
pub(super) fn remove_stale(tmp: &Path) {
    for entry in fs::read_dir(tmp).into_iter().flatten().flatten() {
        // A staged message may be recorded as stored, so it is never stale.
        if entry.file_name().to_str().is_some_and(names::is_staged) {
            continue;
        }
        let modified = entry.metadata().and_then(|data| data.modified()).ok();
        let age = modified.and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > STALE) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Adds the operation and the file to an error.
pub(super) fn failed<'a>(
    doing: &'a str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> io::Error + 'a {
    move |error| io::Error::new(error.kind(), format!("cannot {doing} {path:?}: {error}"))
}
