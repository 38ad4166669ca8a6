use std::io::{self, Read};

use proptest::prelude::*;

use super::{Attribution, Counts, Who, with_buffer};

/// Knows 232072 and the process 77, from the moment 1000 on.
struct Fake;

fn agent(uid: Option<u32>) -> Attribution {
    Attribution { service: "agent".into(), container: "pod-agent-1".into(), uid, is_noted: false }
}

impl Who for Fake {
    fn uid(&mut self, uid: u32, pid: Option<u32>, at: Option<i64>) -> Option<Attribution> {
        match (uid, pid, at) {
            (232_074, _, Some(_)) => Some(Attribution { is_noted: true, ..agent(Some(1002)) }),
            (232_072, ..) if at.is_none_or(|at| at >= 1000) => Some(agent(Some(1000))),
            // The process decides between two containers with one user.
            (232_073, Some(77), Some(_)) => Some(agent(Some(1001))),
            (232_073, ..) => Some(Attribution {
                service: "".into(),
                container: "".into(),
                uid: Some(1001),
                is_noted: false,
            }),
            _ => None,
        }
    }

    fn pid(&mut self, pid: u32, uid: Option<u32>, at: Option<i64>) -> Option<Attribution> {
        if (pid, uid) == (79, Some(232_074)) {
            return Some(Attribution { is_noted: true, ..agent(None) });
        }
        (pid == 77 && at.is_some_and(|at| at >= 1000)).then(|| agent(None))
    }
}

/// Knows nobody.
struct Nobody;

impl Who for Nobody {
    fn uid(&mut self, _: u32, _: Option<u32>, _: Option<i64>) -> Option<Attribution> {
        None
    }

    fn pid(&mut self, _: u32, _: Option<u32>, _: Option<i64>) -> Option<Attribution> {
        None
    }
}

fn run(input: &[u8], who: &mut dyn Who, size: usize) -> (Vec<u8>, Counts) {
    let mut output = Vec::new();
    let counts = with_buffer(input, &mut output, who, size).unwrap();
    (output, counts)
}

fn of(input: &str) -> String {
    String::from_utf8(run(input.as_bytes(), &mut Fake, 4096).0).unwrap()
}

#[track_caller]
fn adds(line: &str, added: &str) {
    assert_eq!(of(&format!("{line}\n")), format!("{line}{added}\n"));
    assert_eq!(of(&format!("{line}\r\n")), format!("{line}{added}\r\n"));
}

#[track_caller]
fn stays(line: &str) {
    adds(line, "");
}

#[test]
fn records_of_auditd_say_whose_their_numbers_are() {
    let head = "type=SYSCALL msg=audit(1700000000.123:42): arch=c000003e syscall=257 success=yes";
    adds(
        &format!("{head} ppid=1 pid=77 auid=4294967295 uid=232072 gid=0 euid=0 fsuid=232072 comm=\"sh\""),
        " pid_service=agent pid_container=pod-agent-1 uid_service=agent uid_container=pod-agent-1 \
         uid_container_uid=1000 fsuid_service=agent fsuid_container=pod-agent-1 fsuid_container_uid=1000",
    );
    adds(
        "node=h type=PATH msg=audit(1700000000.123:42): item=0 name=\"/x\" ouid=232072 ogid=0\u{1d}OUID=\"x\"",
        " ouid_service=agent ouid_container=pod-agent-1 ouid_container_uid=1000",
    );
    adds(&format!("{head} uid=232073"), " uid_container_uid=1001");
    adds(
        &format!("{head} uid=232073 ouid=232073 pid=77"),
        " uid_service=agent uid_container=pod-agent-1 uid_container_uid=1001 ouid_container_uid=1001 \
         pid_service=agent pid_container=pod-agent-1",
    );
    stays(&format!("{head} pid=78 uid=1000 auid=0 ouid=4294967295"));
    // Before the container was there, the numbers were somebody else's.
    stays("type=SYSCALL msg=audit(0.999:1): pid=77 uid=232072");
    stays("type=SYSCALL msg=audit(x.999:1): pid=77");
}

#[test]
fn what_rests_on_a_noted_launch_says_so_in_every_kind_of_line() {
    let uid = " uid_service=agent uid_container=pod-agent-1 uid_container_uid=1002 uid_basis=history";
    let pid = " pid_service=agent pid_container=pod-agent-1 pid_basis=history";
    adds("type=SYSCALL msg=audit(1700000000.123:42): uid=232074 pid=79", &format!("{uid}{pid}"));
    adds("type=SYSCALL msg=audit(1700000000.123:42): pid=79 uid=232074", &format!("{pid}{uid}"));
    // What a file belongs to says nothing of the process.
    let file = uid.replace("uid_", "ouid_").replace("container_ouid", "container_uid");
    adds("type=PATH msg=audit(1700000000.123:42): pid=79 ouid=232074", &file);
    stays("uid=232074");
    assert_eq!(
        of("{\"uid\":232074,\"ts\":1700000000}\n"),
        "{\"uid\":232074,\"uid_service\":\"agent\",\"uid_container\":\"pod-agent-1\",\"uid_container_uid\":1002,\"uid_basis\":\"history\",\"ts\":1700000000}\n"
    );
    assert_eq!(
        of("__CURSOR=1\n__REALTIME_TIMESTAMP=1700000000000000\n_UID=232074\n\n"),
        "__CURSOR=1\n__REALTIME_TIMESTAMP=1700000000000000\n_UID=232074\nSEAWORTHY_UID_SERVICE=agent\n\
         SEAWORTHY_UID_CONTAINER=pod-agent-1\nSEAWORTHY_UID_CONTAINER_UID=1002\nSEAWORTHY_UID_BASIS=history\n\n"
    );
}

#[test]
fn a_field_is_one_and_nothing_that_only_looks_so() {
    adds("uid=232072", " uid_service=agent uid_container=pod-agent-1 uid_container_uid=1000");
    adds("a(uid=232072,gid=1)", " uid_service=agent uid_container=pod-agent-1 uid_container_uid=1000");
    adds("x uid=\"232072\"", " uid_service=agent uid_container=pod-agent-1 uid_container_uid=1000");
    adds("msg='op=x uid=232072'", " uid_service=agent uid_container=pod-agent-1 uid_container_uid=1000");
    for line in [
        "",
        "uid=",
        "uid=232072x",
        "uid=-232072",
        "uid= 232072",
        "uid=2320720000000",
        "uid=04294967295232072",
        "xuid=232072",
        "my_uid=232072",
        "UID=232072",
        "comm=\"uid=232072 \"",
        "comm=\"a\\\" uid=232072 \"",
        "comm=\"uid=232072",
        "uid=\"232072",
        "pid=77",
        "x uid=232072 uid_service=agent uid_container=pod-agent-1 uid_container_uid=1000",
    ] {
        stays(line);
    }
    adds("2026-11-29T08:00:00Z pid=77", " pid_service=agent pid_container=pod-agent-1");
    adds("time=\"2026-11-29T08:00:00Z\" pid=77", " pid_service=agent pid_container=pod-agent-1");
}

#[test]
fn names_in_hexadecimal_digits_are_shown_and_cannot_make_fields() {
    let head = "type=PATH msg=audit(1700000000.123:42):";
    adds(&format!("{head} name=2F746D702F612062"), " name_text=\"/tmp/a b\"");
    adds(&format!("{head} proctitle=7368002D6300"), " proctitle_text=\"sh -c \"");
    adds(&format!("{head} comm=22207569643D3233323037320A"), " comm_text=\"\\\" uid=232072\\x0a\"");
    for value in ["name=\"/tmp\"", "name=(null)", "name=2F7", "name=2f74", "name=", "comm=xyz", "a0=7FFD1234"]
    {
        stays(&format!("{head} {value}"));
    }
    stays("name=2F746D70");
}

#[test]
fn objects_of_json_get_fields_beside_those_that_are_known() {
    assert_eq!(
        of("{\"uid\":232072,\"gid\":5}\n"),
        "{\"uid\":232072,\"uid_service\":\"agent\",\"uid_container\":\"pod-agent-1\",\"uid_container_uid\":1000,\"gid\":5}\n"
    );
    assert_eq!(
        of("{ \"time\" : \"2026-11-29T08:00:00Z\", \"process\": {\"pid\": \"77\"} }\n"),
        "{ \"time\" : \"2026-11-29T08:00:00Z\", \"process\": {\"pid\": \"77\",\"pid_service\":\"agent\",\"pid_container\":\"pod-agent-1\"} }\n"
    );
    assert_eq!(
        of("{\"_UID\":\"232072\",\"__REALTIME_TIMESTAMP\":\"1700000000000000\"}\n"),
        "{\"_UID\":\"232072\",\"SEAWORTHY_UID_SERVICE\":\"agent\",\"SEAWORTHY_UID_CONTAINER\":\"pod-agent-1\",\"SEAWORTHY_UID_CONTAINER_UID\":1000,\"__REALTIME_TIMESTAMP\":\"1700000000000000\"}\n"
    );
    for line in [
        "{\"uid\":232072",
        "{\"uid\":232072}}",
        "{\"uid\":232072} {\"uid\":1}",
        "{\"uid\":232072,\"s\":\"cut",
        "{\"uid\":232072,\"s\":\"cut\\",
        "{\"uid\":2320.72}",
        "{\"uid\":[232072]}",
        "{\"uid\":{\"a\":232072}}",
        "{\"uid\":null}",
        "{\"s\":\"\\\"uid\\\":232072\"}",
        "{\"s\":\"uid\",\"t\":232072}",
        "{\"uid\":232072,\"ts\":0.5}",
        "{\"uid\":232072,\"uid_container\":\"pod-agent-1\"}",
        "{\"pid\":77}",
        "[{\"x\":1}]",
    ] {
        assert_eq!(of(&format!("{line}\n")), format!("{line}\n"));
    }
}

/// One entry of the journal, with a value that is no plain text.
fn entry() -> Vec<u8> {
    let mut entry = b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1700000000000000\n_PID=77\nMESSAGE\n".to_vec();
    let value = b"_UID=232072\nuid=232072\n\n__CURSOR=x\nMESSAGE";
    entry.extend((value.len() as u64).to_le_bytes());
    entry.extend(value);
    entry.extend(b"\n_UID=232073\n_GID=5\n\n");
    entry
}

#[test]
fn entries_of_the_journal_get_lines_behind_those_that_are_known() {
    let mut input = entry();
    input.extend(entry());
    input.extend(b"uid=5 after the entry\n");
    let text = String::from_utf8_lossy(&input).into_owned();
    let expected = text
        .replace("_PID=77\n", "_PID=77\nSEAWORTHY_PID_SERVICE=agent\nSEAWORTHY_PID_CONTAINER=pod-agent-1\n")
        .replace(
            "\n_UID=232073\n",
            "\n_UID=232073\nSEAWORTHY_UID_SERVICE=agent\nSEAWORTHY_UID_CONTAINER=pod-agent-1\nSEAWORTHY_UID_CONTAINER_UID=1001\n",
        );
    for size in [64, 65, 100, 4096] {
        let (output, counts) = run(&input, &mut Fake, size);
        assert_eq!(String::from_utf8_lossy(&output), expected, "{size}");
        assert_eq!(counts, Counts { bytes: input.len() as u64, lines: 15, annotated: 4 }, "{size}");
    }
    for end in 0..entry().len() {
        let cut = entry().get(..end).unwrap().to_vec();
        assert_eq!(run(&cut, &mut Nobody, 64).0, cut, "{end}");
    }
    // A length that cannot be one makes nothing disappear.
    let wrong = b"__CURSOR=x\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff\n_UID=5\n".to_vec();
    assert_eq!(run(&wrong, &mut Fake, 64).0, wrong);
}

#[test]
fn cut_and_long_lines_stay_and_those_behind_them_do_not_suffer() {
    assert_eq!(of("uid=232072"), "uid=232072", "a number may be half of one");
    let long = format!("{}uid=232072 {}\n", "x".repeat(60), "y".repeat(5000));
    let (output, counts) = run(format!("{long}uid=232072\n").as_bytes(), &mut Fake, 256);
    let added = " uid_service=agent uid_container=pod-agent-1 uid_container_uid=1000";
    assert_eq!(String::from_utf8(output).unwrap(), format!("{long}uid=232072{added}\n"));
    assert_eq!((counts.lines, counts.annotated), (2, 1));
}

/// Gives a few bytes at a time.
struct Slow<'s>(&'s [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(into.len()).min(self.0.len());
        let (some, rest) = self.0.split_at(count);
        into[..count].copy_from_slice(some);
        self.0 = rest;
        Ok(count)
    }
}

/// Pieces of all kinds of lines, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"uid=232072".to_vec()),
        Just(b" pid=77 ".to_vec()),
        Just(b"type=PATH msg=audit(1700000000.123:42): name=2F61".to_vec()),
        Just(b"{\"uid\":232072".to_vec()),
        Just(b"}".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\\".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"__CURSOR=1\n".to_vec()),
        Just(b"_UID=232072\n".to_vec()),
        Just(b"MESSAGE\n\x05\0\0\0\0\0\0\0".to_vec()),
        Just(entry()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn where_nobody_is_known_every_byte_stays(input in pieces(), size in 64_usize..300) {
        // Names are shown whoever is known.
        prop_assume!(!input.windows(9).any(|bytes| bytes == b"name=2F61"));
        let (output, counts) = run(&input, &mut Nobody, size);
        prop_assert_eq!(&output, &input);
        prop_assert_eq!((counts.bytes, counts.annotated), (input.len() as u64, 0));
    }

    #[test]
    fn how_it_arrives_makes_no_difference(input in pieces(), step in 1_usize..9) {
        let (whole, counts) = run(&input, &mut Fake, 1 << 16);
        let mut output = Vec::new();
        let slowly = with_buffer(Slow(&input, step), &mut output, &mut Fake, 1 << 16).unwrap();
        prop_assert_eq!(output, whole);
        prop_assert_eq!(slowly, counts);
    }

    #[test]
    fn nothing_is_taken_away(input in pieces(), size in 64_usize..300) {
        let (output, _) = run(&input, &mut Fake, size);
        let mut rest = output.iter();
        prop_assert!(input.iter().all(|byte| rest.any(|other| other == byte)));
    }
}
