//! A whole client for a machine without an operating system: it logs in, lists, fetches and
//! deletes.
//!
//! It links only if no dependency uses std, because std has a panic handler and a second one is an
//! error.
#![no_std]
use core::alloc::{GlobalAlloc, Layout};

use pop3_proto::{Channel, Config, Connection, Dele, Event, Instant, List, Login, MessageNumber, Quit, Retr, Stat, Uidl, reply::Reply};

/// The allocator that an application for such a machine provides.
struct Allocator;

unsafe extern "C" {
    fn board_alloc(octets: usize, align: usize) -> *mut u8;
    fn board_free(block: *mut u8);
    fn board_read(octets: *mut u8, room: usize) -> usize;
    fn board_write(octets: *const u8, count: usize) -> usize;
    fn board_store(octets: *const u8, count: usize);
    fn board_milliseconds() -> u64;
}

unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { board_alloc(layout.size(), layout.align()) }
    }
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        unsafe { board_free(block) }
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

fn now() -> Instant {
    Instant::ORIGIN + core::time::Duration::from_millis(unsafe { board_milliseconds() })
}

/// Fetches and deletes all mail. Returns whether the deletions were committed.
#[unsafe(no_mangle)]
pub extern "C" fn pop3_fetch() -> bool {
    let mut connection = Connection::new(Config::default(), Channel::TrustedByCaller, now());
    connection.seed([7; 32]);
    let Ok(login) = Login::new("joe", "secret") else { return false };
    let Ok(_) = connection.submit(login) else { return false };
    let Ok(_) = connection.submit(Stat) else { return false };
    let Ok(_) = connection.submit(List) else { return false };
    let Ok(_) = connection.submit(Uidl) else { return false };
    loop {
        while let Some(event) = connection.poll_event() {
            match event {
                Event::Reply { result: Ok(Reply::UniqueIds(ids)), .. } => {
                    for entry in ids.iter() {
                        let number: MessageNumber = entry.number;
                        let _ = connection.submit(Retr(number));
                        let _ = connection.submit(Dele(number));
                    }
                    let _ = connection.submit(Quit);
                }
                Event::Body { chunk, .. } => unsafe { board_store(chunk.as_ptr(), chunk.len()) },
                Event::Reply { result: Ok(Reply::Quit(outcome)), .. } => return outcome.is_committed(),
                Event::Closed(_) => return false,
                _ => {}
            }
        }
        if connection.wants_write() {
            let octets = connection.transmit();
            let sent = unsafe { board_write(octets.as_ptr(), octets.len()) };
            connection.transmitted(sent, now());
        }
        if let Some(room) = connection.recv_buffer() {
            let received = unsafe { board_read(room.as_mut_ptr(), room.len()) };
            connection.received(received, now());
        }
        if connection.poll_timeout().is_some_and(|due| due <= now()) {
            connection.handle_timeout(now());
        }
    }
}
