//! The text of a ledger: it may be damaged in any way, and is read without losing what is intact.

use pop3_proto::sync::Ledger;

/// Runs an input: an octet for the size of the pieces, then lines without checksums. Returns the
/// number of lines.
pub fn sync_ledger(data: &[u8]) -> usize {
    let Some((piece, text)) = data.split_first() else {
        return 0;
    };
    // As it is: a ledger without its header, or one whose checksums are wrong.
    let _ = read(text, usize::from(*piece) + 1);
    let damaged = [Ledger::HEADER.as_bytes(), text].concat();
    assert!(read(&damaged, usize::from(*piece) + 1).is_some());

    let mut octets = Ledger::HEADER.as_bytes().to_vec();
    for line in text.split(|octet| *octet == b'\n') {
        octets.extend_from_slice(line);
        octets.push(b' ');
        octets.extend_from_slice(&checksum(line));
        octets.push(b'\n');
    }
    let ledger = read(&octets, octets.len()).unwrap();
    assert_eq!(
        entries(&ledger),
        entries(&read(&octets, usize::from(*piece) + 1).unwrap())
    );

    // The shortest text says the same, and has no damaged line.
    let text = ledger.to_lines();
    let mut reader = Ledger::reader(0);
    reader.feed(text.as_bytes()).unwrap();
    let (again, loaded) = reader.finish().unwrap();
    assert_eq!((loaded.damaged, loaded.torn), (0, false), "{text}");
    assert_eq!(entries(&again), entries(&ledger), "{text}");
    octets.iter().filter(|octet| **octet == b'\n').count() - 1
}

fn read(octets: &[u8], piece: usize) -> Option<Ledger> {
    let mut reader = Ledger::reader(0);
    for piece in octets.chunks(piece) {
        reader.feed(piece).ok()?;
    }
    reader.finish().ok().map(|(ledger, _)| ledger)
}

fn entries(ledger: &Ledger) -> Vec<String> {
    let mut entries: Vec<_> = ledger
        .entries()
        .map(|(id, entry)| format!("{id:?} {entry:?}"))
        .collect();
    entries.sort();
    entries
}

/// The checksum of a line, from a second implementation of CRC-32.
fn checksum(line: &[u8]) -> [u8; 6] {
    const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
    let mut crc = u32::MAX;
    for octet in line {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        }
    }
    let crc = !crc;
    core::array::from_fn(|place| DIGITS[(crc >> (6 * (5 - place))) as usize & 63])
}
