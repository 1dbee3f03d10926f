//! Searches the memory of this process for secrets, by reading the files that Linux provides. The
//! needles are kept scrambled, so that the search does not find them.

use std::fs::{File, read_to_string};
use std::io::{Read as _, Seek as _, SeekFrom};

use memchr::memchr_iter;
use zeroize::Zeroize as _;

pub(crate) const KEY: u8 = 0xa5;

/// The size of the pieces to search for: an allocator overwrites the first octets of freed memory.
const PIECE: usize = 10;

/// A value to search for.
pub(crate) struct Needle {
    pub(crate) what: &'static str,
    pub(crate) scrambled: &'static [u8],
}

pub(crate) const fn scramble<const N: usize>(text: &[u8; N]) -> [u8; N] {
    let mut scrambled = [0; N];
    let mut index = 0;
    while index < N {
        scrambled[index] = text[index] ^ KEY;
        index += 1;
    }
    scrambled
}

/// Scrambles a value in hexadecimal.
pub(crate) const fn scramble_hex<const N: usize>(digits: &str) -> [u8; N] {
    const fn value(digit: u8) -> u8 {
        match digit {
            b'0'..=b'9' => digit - b'0',
            _ => digit - b'a' + 10,
        }
    }
    let digits = digits.as_bytes();
    let mut scrambled = [0; N];
    let mut index = 0;
    while index < N {
        scrambled[index] = (value(digits[2 * index]) << 4 | value(digits[2 * index + 1])) ^ KEY;
        index += 1;
    }
    scrambled
}

/// Allocates the result at its full size, so that no shorter copy is left in memory.
pub(crate) fn unscramble(scrambled: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(scrambled.len());
    for octet in scrambled {
        plain.push(octet ^ KEY);
    }
    plain
}

/// A writable region of memory.
struct Region {
    start: u64,
    end: u64,
    name: String,
}

fn regions() -> Vec<Region> {
    let maps = read_to_string("/proc/self/maps").unwrap();
    let writable = maps.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |digits: &str| u64::from_str_radix(digits, 16).ok();
        words.next().filter(|rights| rights.starts_with("rw"))?;
        Some(Region {
            start: address(start)?,
            end: address(end)?,
            name: words.nth(3).unwrap_or("anonymous").to_owned(),
        })
    });
    writable.collect()
}

/// Returns what was found and where: on the stack that contains this address, or elsewhere.
pub(crate) fn scan(needles: &[&Needle], on_stack: u64) -> Vec<String> {
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut buffer = vec![0; 256 << 10];
    let mut found = Vec::new();
    for region in regions() {
        let stack = (region.start..region.end).contains(&on_stack);
        let place = if stack { "its stack" } else { &region.name };
        let mut position = region.start;
        while position < region.end {
            let wanted = buffer.len().min((region.end - position) as usize);
            if memory.seek(SeekFrom::Start(position)).is_err() {
                break;
            }
            let Ok(octets) = memory.read(&mut buffer[..wanted]) else {
                break;
            };
            for needle in needles {
                if is_in(&buffer[..octets], needle) {
                    let entry = format!("{} in {place}", needle.what);
                    if !found.contains(&entry) {
                        found.push(entry);
                    }
                }
            }
            buffer.as_mut_slice().zeroize();
            // A piece may continue in the next block.
            position += octets.saturating_sub(PIECE).max(1) as u64;
            if octets < PIECE || position + PIECE as u64 > region.end {
                break;
            }
        }
    }
    found
}

fn is_in(octets: &[u8], needle: &Needle) -> bool {
    let last = needle.scrambled.len() - PIECE;
    let pieces = needle.scrambled.chunks_exact(PIECE);
    pieces
        .chain([&needle.scrambled[last..]])
        .any(|piece| contains_piece(octets, piece))
}

fn contains_piece(octets: &[u8], piece: &[u8]) -> bool {
    memchr_iter(piece[0] ^ KEY, octets).any(|at| {
        octets.get(at..at + piece.len()).is_some_and(|candidate| {
            let pairs = candidate.iter().zip(piece);
            pairs.fold(true, |same, (octet, scrambled)| {
                same & (octet ^ KEY == *scrambled)
            })
        })
    })
}
