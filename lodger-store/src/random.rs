//! Unpredictable bytes.

use std::io;

/// How many bytes are fetched at once: the salts and receipts of a few events.
const PIECE: usize = 1_024;

/// Bytes from the operating system's generator. None is given twice.
///
/// They are fetched in pieces: a system call for each salt would cost more than the hash that the salt is for.
pub(crate) struct Random {
    unused: Vec<u8>,
}

impl Random {
    pub(crate) fn new() -> Self {
        Self { unused: Vec::new() }
    }

    /// The next `N` bytes.
    pub(crate) fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        const { assert!(N <= PIECE) };
        if self.unused.len() < N {
            let mut fresh = vec![0; PIECE];
            getrandom::fill(&mut fresh)?;
            self.unused = fresh;
        }
        match self.unused.split_last_chunk() {
            Some((rest, taken)) => {
                let (left, taken) = (rest.len(), *taken);
                self.unused.truncate(left);
                Ok(taken)
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
