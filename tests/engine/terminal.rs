//! Signals, exit statuses and the terminal are Compose's own: each scenario is gone through with both tools.

use rustix::process::Signal;

use super::harness::{Background, End, Project, Tool, alike};
use super::pty::{CTRL_C, Terminal};

/// Ends with 7 when it is terminated and with 9 when it is interrupted.
const TRAPS: &str = r#"
stop_grace_period: 20s
command: ["sh", "-c", "trap 'exit 7' TERM; trap 'exit 9' INT; echo ready; while :; do sleep 0.1; done"]
"#;

/// Would take a minute to end, and says when that begins.
const LINGERS: &str = r#"
stop_grace_period: 20s
command: ["sh", "-c", "trap 'echo stopping; sleep 60; exit 7' TERM; echo ready; while :; do sleep 0.1; done"]
"#;

fn service(lines: &str) -> Project {
    let lines = textwrap::indent(lines.trim(), "    ");
    Project::new(&format!("services:\n  s:\n    image: sw-node\n    network_mode: none\n{lines}\n"))
}

/// What can be told of an `up` that has ended.
type Ended = (End, Vec<(String, String, i64)>, bool);

fn up(project: &Project, tool: Tool, act: impl Fn(&mut Terminal)) -> Ended {
    let mut terminal = Terminal::start(project.command(tool, &["up"]));
    terminal.shows("ready");
    act(&mut terminal);
    let end = terminal.end();
    (end, project.states(), terminal.modes_are_restored())
}

fn exited(code: i64) -> Vec<(String, String, i64)> {
    vec![("s".to_owned(), "exited".to_owned(), code)]
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn ctrl_c_ends_up_in_order() {
    let ended = alike(
        || service(TRAPS),
        |project, tool| {
            up(project, tool, |terminal| {
                // The menu: from here on Ctrl-C is a key that Compose reads.
                terminal.shows("Watch");
                terminal.types(CTRL_C);
            })
        },
    );
    assert_eq!(ended, (End::Code(0), exited(7), true));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn ctrl_c_twice_kills() {
    let ended = alike(
        || service(LINGERS),
        |project, tool| {
            up(project, tool, |terminal| {
                terminal.shows("Watch");
                terminal.types(CTRL_C);
                terminal.shows("stopping");
                terminal.types(CTRL_C);
            })
        },
    );
    assert_eq!(ended, (End::Code(130), exited(137), true));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn ctrl_c_without_a_menu_is_a_signal() {
    let ended = alike(
        || service(TRAPS).with("COMPOSE_MENU", "false"),
        |project, tool| up(project, tool, |terminal| terminal.types(CTRL_C)),
    );
    assert_eq!(ended, (End::Code(130), exited(7), true));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_signal_to_the_process_ends_up_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let ended = alike(
            || service(TRAPS),
            |project, tool| {
                let up = Background::start(project.command(tool, &["up"]));
                up.shows("ready");
                up.running.signal(signal);
                (up.end().end, project.states())
            },
        );
        assert_eq!(ended, (End::Code(130), exited(7)), "{signal:?}");
    }
}

/// To the process alone, docker expects the terminal to send it, and does nothing.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_signal_to_the_group_on_a_terminal_ends_up_in_order() {
    let ended = alike(
        || service(TRAPS),
        |project, tool| up(project, tool, |terminal| terminal.running.signal_group(Signal::TERM)),
    );
    assert_eq!((ended.0, ended.1), (End::Code(130), exited(7)));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_closed_terminal_ends_up_as_it_ends_compose() {
    alike(
        || service(TRAPS),
        |project, tool| {
            let mut terminal = Terminal::start(project.command(tool, &["up"]));
            terminal.shows("Watch");
            terminal.hang_up();
            let end = terminal.end();
            // Compose may go on to end in its own time: only the status is certain.
            project.compose(&["kill"]);
            end
        },
    );
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn ctrl_c_in_run_goes_to_the_container() {
    let ended = alike(
        || service(TRAPS),
        |project, tool| {
            let mut terminal = Terminal::start(project.command(tool, &["run", "--rm", "s"]));
            terminal.shows("ready");
            terminal.types(CTRL_C);
            (terminal.end(), project.states(), terminal.modes_are_restored())
        },
    );
    assert_eq!(ended, (End::Code(9), vec![], true));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_signal_to_run_without_a_terminal_ends_as_compose_ends() {
    for signal in [Signal::TERM, Signal::INT] {
        let end = alike(
            || service(TRAPS),
            |project, tool| {
                let run = Background::start(project.command(tool, &["run", "--rm", "-T", "s"]));
                run.shows("ready");
                run.running.signal(signal);
                run.end().end
            },
        );
        assert_eq!(end, End::Code(130), "{signal:?}");
    }
}

/// The proof comes first, and changes nothing about what follows.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_signal_to_run_that_was_proved_ends_as_compose_ends() {
    let make = || {
        let project = service(TRAPS);
        project
            .file("seaworthy.yaml", "version: 1\nposture: hardened\nuser: {default: '10001:10001'}\n...\n");
        project
    };
    let end = alike(make, |project, tool| {
        let run = Background::start(project.command(tool, &["run", "--rm", "-T", "s"]));
        run.shows("ready");
        run.running.signal(Signal::TERM);
        run.end().end
    });
    assert_eq!(end, End::Code(130));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn exit_statuses_are_those_of_compose() {
    let short = |command: &'static str| {
        move || {
            Project::new(&format!(
                "services:\n  s:\n    image: sw-node\n    network_mode: none\n    command: [sh, -c, \"{command}\"]\n"
            ))
        }
    };
    let cases: [(&str, &[&str], i32); 8] = [
        ("exit 23", &["up"], 0),
        ("exit 23", &["up", "--exit-code-from", "s"], 23),
        ("exit 23", &["up", "--abort-on-container-exit"], 23),
        ("exit 23", &["up", "--abort-on-container-failure"], 23),
        ("exit 23", &["up", "--wait"], 1),
        ("exit 23", &["run", "--rm", "-T", "s"], 23),
        ("exit 0", &["run", "--rm", "-T", "s", "sh", "-c", "exit 42"], 42),
        ("exit 0", &["run", "--rm", "-T", "s", "no-such-command"], 1),
    ];
    for (command, words, status) in cases {
        let end = alike(short(command), |project, tool| project.run(tool, words).end);
        assert_eq!(end, End::Code(status), "{words:?}");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn exit_statuses_of_exec_are_those_of_compose() {
    let cases: [(&[&str], i32); 4] = [
        (&["exec", "-T", "s", "sh", "-c", "exit 5"], 5),
        (&["exec", "-T", "s", "no-such-command"], 126),
        (&["exec", "-T", "s", "sh", "-c", "kill -9 $$"], 137),
        (&["exec", "-T", "no-such-service", "true"], 1),
    ];
    let ends = alike(
        || service(TRAPS),
        |project, tool| {
            project.run(tool, &["up", "-d"]).ok();
            cases.map(|(words, _)| project.run(tool, words).end)
        },
    );
    // Docker 28 says 127 of a program that is not there.
    let known = |(end, (_, status)): (&End, &(_, i32))| {
        *end == End::Code(*status) || *status == 126 && *end == End::Code(127)
    };
    assert!(ends.iter().zip(&cases).all(known), "{ends:?}");
}

/// Says the size of its terminal whenever that changes, and ends at 31 rows.
const SIZES: &str = r#"
command: ["sh", "-c", "while :; do now=$$(stty size); [ \"$$now\" = \"$$old\" ] || echo \"size $$now\"; old=$$now; [ \"$$now\" != '31 99' ] || exit 3; sleep 0.1; done"]
"#;

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_terminal_s_size_reaches_the_container() {
    let ended = alike(
        || service(SIZES),
        |project, tool| {
            let mut terminal = Terminal::start(project.command(tool, &["run", "--rm", "s"]));
            terminal.shows("size 40 120");
            terminal.resize(31, 99);
            terminal.shows("size 31 99");
            (terminal.end(), terminal.modes_are_restored())
        },
    );
    assert_eq!(ended, (End::Code(3), true));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn keys_reach_the_container_raw_and_the_terminal_is_itself_again_afterwards() {
    let ended = alike(
        || {
            service(
                "command: [\"sh\", \"-c\", \"echo ready; read line; echo got $$line; [ -t 0 ] && exit 4\"]",
            )
        },
        |project, tool| {
            let mut terminal = Terminal::start(project.command(tool, &["run", "--rm", "s"]));
            terminal.shows("ready");
            let raw = !terminal.modes_are_restored();
            terminal.types(b"some words\r");
            terminal.shows("got some words");
            (raw, terminal.end(), terminal.modes_are_restored())
        },
    );
    assert_eq!(ended, (true, End::Code(4), true));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn standard_input_reaches_run() {
    let ended = alike(
        || service("command: [\"cat\"]"),
        |project, tool| {
            let output = project.run_with_input(tool, &["run", "--rm", "-T", "s"], "one\ntwo\n");
            (output.end, output.stdout)
        },
    );
    assert_eq!(ended, (End::Code(0), "one\ntwo\n".to_owned()));
}
