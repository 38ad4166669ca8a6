//! Changes whole lines half of the time: bytes alone seldom make a record of a new kind, or a length that is right.

use libfuzzer_sys::fuzzer_mutate;

/// Lines of each kind; `#` becomes a number.
const LINES: [&str; 9] = [
    "type=SYSCALL msg=audit(1700000000.123:#): syscall=257 ppid=1 pid=# auid=# uid=# gid=# fsuid=# comm=\"sh\"\n",
    "type=PATH msg=audit(1700000000.123:#): item=0 name=2F746D702F612062 ouid=# ogid=#\u{1d}OUID=\"x\"\n",
    "node=h type=PROCTITLE msg=audit(1700000000.123:#): proctitle=7368002D6300#\n",
    "time=\"2026-11-29T08:00:00Z\" level=info uid=# msg=\"pid=# \\\" uid=#\"\r\n",
    "{\"time\":\"2026-11-29T08:00:00Z\",\"process\":{\"pid\":#,\"uid\":\"#\"},\"a\":[{\"ouid\":#}]}\n",
    "{\"_UID\":\"#\",\"_PID\":\"#\",\"__REALTIME_TIMESTAMP\":\"1700000000000000\"}\n",
    "__CURSOR=s=#\n__REALTIME_TIMESTAMP=1700000000000000\n_PID=#\n_UID=#\n_AUDIT_LOGINUID=#\n",
    "_UID=#\n\n",
    "uid=# pid=#",
];

/// A small generator of numbers.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or(0) % below.max(1)
    }
}

/// Changes the input in its buffer, and says how long it is then.
pub fn mutate(data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let mut numbers = Numbers(u64::from(seed) << 1 | 1);
    numbers.next(1);
    if size < 2 || numbers.next(2) == 0 {
        return fuzzer_mutate(data, size, most);
    }
    let mut bytes = data[..size].to_vec();
    let at = begin_of_a_line(&bytes, &mut numbers);
    let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end + 1);
    match numbers.next(6) {
        0 => insert(&mut bytes, at, &line(&mut numbers)),
        1 => insert(&mut bytes, at, &field(&mut numbers)),
        // Cut, with its end or without.
        2 => {
            let from = at + numbers.next(end - at);
            let to = if numbers.next(2) == 0 { end } else { end.saturating_sub(1).max(from) };
            bytes.drain(from..to);
        }
        // The stream ends here.
        3 => bytes.truncate((at + numbers.next(end - at)).max(1)),
        // Again, somewhere else.
        4 => {
            let again = bytes[at..end].to_vec();
            let at = begin_of_a_line(&bytes, &mut numbers);
            insert(&mut bytes, at, &again);
        }
        // One in the middle of another.
        _ => insert(&mut bytes, at + numbers.next(end - at), &line(&mut numbers)),
    }
    let size = bytes.len().min(most);
    data[..size].copy_from_slice(&bytes[..size]);
    size
}

/// The first byte is no line's.
fn begin_of_a_line(bytes: &[u8], numbers: &mut Numbers) -> usize {
    let begins: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    match numbers.next(begins.len() + 1) {
        0 => 1,
        at => begins[at - 1],
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, some: &[u8]) {
    bytes.splice(at..at, some.iter().copied());
}

fn line(numbers: &mut Numbers) -> Vec<u8> {
    let mut line = String::new();
    for part in LINES[numbers.next(LINES.len())].split_inclusive('#') {
        line.push_str(part.trim_end_matches('#'));
        if part.ends_with('#') {
            let number = [0, 77, 1000, 65_534, 232_072, 4_294_967_295_u32][numbers.next(6)];
            line.push_str(&number.to_string());
        }
    }
    line.into_bytes()
}

/// A value of the journal that is no plain text, with a length that is right, or nearly.
fn field(numbers: &mut Numbers) -> Vec<u8> {
    let content: Vec<u8> = match numbers.next(3) {
        0 => line(numbers),
        1 => b"\n\n_UID=232072\n__CURSOR=x\nMESSAGE\n".to_vec(),
        _ => (0..numbers.next(40)).map(|_| u8::try_from(numbers.next(256)).unwrap_or(0)).collect(),
    };
    let length = (content.len() as u64).wrapping_add([0, 0, 0, 1, u64::MAX, 700 << 20][numbers.next(6)]);
    [b"MESSAGE\n", &length.to_le_bytes()[..], &content, b"\n"].concat()
}
