//! A TCP proxy that misbehaves as it is told, and an address at which nobody answers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// What the proxy does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Passes everything on.
    Pass,
    /// Waits so long before it passes anything on, in either direction.
    Latency(Duration),
    /// Passes the answer on byte by byte, with so much time in between.
    Drip(Duration),
    /// Closes after so many bytes of the answer.
    CloseAnswer(usize),
    /// Resets the connection after so many bytes of the answer. With none, the request was delivered and the answer
    /// is lost.
    ResetAnswer(usize),
    /// Resets the connection after so many bytes of the request, the last of which were passed on.
    ResetRequest(usize),
    /// Takes everything and passes on nothing.
    BlackHole,
}

/// A proxy to one address. It stops with the runtime that it was started on.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    behaviour: watch::Sender<Behaviour>,
}

impl Proxy {
    /// Starts a proxy that passes everything on until told otherwise.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (behaviour, changed) = watch::channel(Behaviour::Pass);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, server, changed.clone()));
            }
        });
        Self { address, behaviour }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Behaves like this from now on. Connections that there are end, so that what comes next meets the change.
    pub fn behave(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }
}

async fn connection(mut client: TcpStream, server: SocketAddr, mut changed: watch::Receiver<Behaviour>) {
    let behaviour = *changed.borrow_and_update();
    let resets = tokio::select! {
        // A side that breaks off is what this is for.
        carried = carry(&mut client, server, behaviour) => carried.unwrap_or(false),
        _ = changed.changed() => false,
    };
    if resets {
        client.set_zero_linger().unwrap();
    }
}

/// Carries bytes until a side or the behaviour ends it. Whether the client's side is to be reset.
async fn carry(client: &mut TcpStream, server: SocketAddr, behaviour: Behaviour) -> io::Result<bool> {
    if behaviour == Behaviour::BlackHole {
        tokio::io::copy(client, &mut tokio::io::sink()).await?;
        return Ok(false);
    }
    let mut server = TcpStream::connect(server).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let pace = |behaviour| match behaviour {
        Behaviour::Latency(pause) => Pace { bytes: usize::MAX, pause },
        Behaviour::Drip(pause) => Pace { bytes: 1, pause },
        _ => Pace { bytes: usize::MAX, pause: Duration::ZERO },
    };
    let (asked_at_most, answered_at_most) = match behaviour {
        Behaviour::ResetRequest(bytes) => (bytes, usize::MAX),
        Behaviour::CloseAnswer(bytes) | Behaviour::ResetAnswer(bytes) => (usize::MAX, bytes),
        _ => (usize::MAX, usize::MAX),
    };
    let request_pace =
        if matches!(behaviour, Behaviour::Drip(_)) { pace(Behaviour::Pass) } else { pace(behaviour) };
    let asking = pass_on(&mut from_client, &mut to_server, request_pace, asked_at_most);
    let answering = pass_on(&mut from_server, &mut to_client, pace(behaviour), answered_at_most);
    let cut = tokio::select! {
        cut = asking => cut?,
        cut = answering => cut?,
    };
    Ok(cut && matches!(behaviour, Behaviour::ResetAnswer(_) | Behaviour::ResetRequest(_)))
}

/// At most so many bytes at a time, each time after a pause.
#[derive(Debug, Clone, Copy)]
struct Pace {
    bytes: usize,
    pause: Duration,
}

/// Passes on at most so many bytes. Whether it was that which ended it.
async fn pass_on(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    pace: Pace,
    mut left: usize,
) -> io::Result<bool> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(false);
        }
        for piece in buffer[..read].chunks(pace.bytes.min(buffer.len())) {
            if !pace.pause.is_zero() {
                tokio::time::sleep(pace.pause).await;
            }
            let passed = piece.len().min(left);
            to.write_all(&piece[..passed]).await?;
            left -= passed;
            if passed < piece.len() || left == 0 {
                return Ok(true);
            }
        }
    }
}

/// An address whose host answers no attempt to connect, as behind a firewall that drops packets: the queue of its
/// listener is full, and nobody takes anything out of it.
#[derive(Debug)]
pub struct Deaf {
    address: SocketAddr,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Deaf {
    /// Listens and fills the queue.
    ///
    /// # Panics
    ///
    /// When there is no free port, or the queue takes more than it should.
    pub async fn listen() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        // Full is when an attempt hangs; how many fit is the kernel's business.
        while let Ok(connected) =
            tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
        {
            queue.push(connected.unwrap());
            assert!(queue.len() < 64, "the queue takes no end");
        }
        Self { address, _listener: listener, _queue: queue }
    }

    /// Where nobody answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
