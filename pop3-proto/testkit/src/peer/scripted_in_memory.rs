//! A server that follows a script on a stream in memory, and then keeps the stream open.

use std::future::pending;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

/// The server's end of a stream in memory.
pub struct Wire(Option<DuplexStream>);

impl Wire {
    pub async fn send(&mut self, text: &str) {
        let stream = self.0.as_mut().unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Writes text. Returns false if the client has disconnected.
    pub async fn try_send(&mut self, text: &str) -> bool {
        let stream = self.0.as_mut().unwrap();
        stream.write_all(text.as_bytes()).await.is_ok()
    }

    /// Reads exactly this text.
    pub async fn expect_octets(&mut self, text: &str) {
        let mut octets = vec![0; text.len()];
        let stream = self.0.as_mut().unwrap();
        stream.read_exact(&mut octets).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&octets), text);
    }

    /// Reads any line.
    pub async fn read_line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.0.as_mut().unwrap().read_u8().await.unwrap());
        }
        String::from_utf8(line).unwrap()
    }

    /// Sends the greeting, and accepts the login of Alice.
    pub async fn accept_login(&mut self) {
        self.send("+OK ready\r\n").await;
        self.expect_octets("USER alice\r\n").await;
        self.send("+OK\r\n").await;
        self.expect_octets("PASS secret\r\n").await;
        self.send("+OK\r\n").await;
    }

    pub fn hang_up(&mut self) {
        self.0 = None;
    }
}

/// Returns a stream to a server that follows a script. Its buffer has this many octets.
pub fn scripted(room: usize, script: impl AsyncFnOnce(&mut Wire) + 'static) -> DuplexStream {
    let (near, far) = tokio::io::duplex(room);
    tokio::task::spawn_local(async move {
        let mut wire = Wire(Some(far));
        script(&mut wire).await;
        // The server keeps the stream open, and reads nothing more.
        pending::<()>().await;
    });
    near
}
