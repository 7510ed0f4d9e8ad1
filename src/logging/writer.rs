//! Writes the log in the background, so that no request waits for standard error, and many lines share a system call.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::metrics::Counter;

/// How long the writer gathers lines after it has written some. A line is written that much later at most.
const PAUSE: Duration = Duration::from_millis(5);

/// How long the end of the process waits for what is not written yet.
const PATIENCE: Duration = Duration::from_secs(1);

/// Lines that do not fit are dropped: waiting for a slow reader of the log would stop the requests.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The end of the queue to which lines are written.
#[derive(Clone, Default)]
pub(super) struct Background(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Tells the writer of a line, and those that flush that it has written all.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: Vec<u8>,
    dropped: u64,
    all_dropped: Option<Counter>,
    /// The writer waits to be told of a line.
    is_idle: bool,
}

impl Queue {
    /// Counts lines that are not written.
    fn count(&self, lines: u64) {
        if let Some(counter) = &self.all_dropped {
            counter.inc_by(lines);
        }
    }
}

impl Background {
    /// Starts the thread that writes to `to`.
    pub(super) fn start(to: impl Write + Send + 'static) -> io::Result<Self> {
        let background = Self::default();
        let shared = Arc::clone(&background.0);
        thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_all(to))?;
        Ok(background)
    }

    /// Counts dropped lines in `counter` too.
    pub(super) fn count_dropped(&self, counter: Counter) {
        self.0.lock().all_dropped = Some(counter);
    }

    /// Waits until all lines are written, or until it is clear that nobody reads them.
    pub(super) fn flush(&self) {
        let is_unwritten = |queue: &mut Queue| !(queue.lines.is_empty() && queue.is_idle);
        drop(self.0.changed.wait_timeout_while(self.0.lock(), PATIENCE, is_unwritten));
    }
}

impl Write for Background {
    /// Takes a whole line, as `env_logger` writes them.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut queue = self.0.lock();
        if queue.lines.len() + line.len() > MAX_BYTES {
            queue.dropped += 1;
        } else {
            queue.lines.extend_from_slice(line);
            if mem::take(&mut queue.is_idle) {
                self.0.changed.notify_all();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, mut to: impl Write) {
        let mut lines = Vec::new();
        loop {
            let dropped = self.take(&mut lines);
            if to.write_all(&lines).is_err() {
                // Some of them may have been written.
                self.lock().count(u64::try_from(memchr::memchr_iter(b'\n', &lines).count()).unwrap_or(u64::MAX));
            }
            lines.clear();
            if dropped > 0 {
                log::warn!("{dropped} lines of the log were dropped, since they were not read fast enough");
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits for lines and puts them into `lines`. Returns how many were dropped before them.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut queue = self.lock();
        while queue.lines.is_empty() {
            queue.is_idle = true;
            self.changed.notify_all();
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.is_idle = false;
        mem::swap(&mut queue.lines, lines);
        let dropped = mem::take(&mut queue.dropped);
        queue.count(dropped);
        dropped
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Tells what is written, and waits until the test lets it go on.
    struct Gate {
        written: mpsc::Sender<Vec<u8>>,
        open: mpsc::Receiver<()>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written.send(bytes.to_vec()).ok();
            self.open.recv().ok();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Background, mpsc::Sender<()>, mpsc::Receiver<Vec<u8>>) {
        let ((opener, open), (written, lines)) = (mpsc::channel(), mpsc::channel());
        (Background::start(Gate { written, open }).unwrap(), opener, lines)
    }

    #[test]
    fn after_a_flush_all_lines_are_written_in_their_order() {
        let (mut log, opener, lines) = gated();
        drop(opener);
        for number in 0..100 {
            writeln!(log, "{number}").unwrap();
        }
        Background::flush(&log);
        let all: Vec<u8> = lines.try_iter().flatten().collect();
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(String::from_utf8(all).unwrap(), expected);
    }

    #[test]
    fn a_log_that_is_not_read_stops_nothing_and_the_dropped_lines_are_counted() {
        let (mut log, opener, lines) = gated();
        let counter = crate::metrics::Metrics::new("", "", "").unwrap().log_lines_dropped;
        log.count_dropped(counter.clone());
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        log.write_all(&line).unwrap();
        assert_eq!(lines.recv().unwrap(), line);
        // The writer waits now, and all others stay in the queue.
        for _ in 0..MAX_BYTES / line.len() + 3 {
            log.write_all(&line).unwrap();
        }
        drop(opener);
        Background::flush(&log);
        assert_eq!(lines.try_iter().flatten().count(), MAX_BYTES);
        assert_eq!(counter.get(), 3);
    }
}
