//! What Compose says beside the model: warnings, and refusals that hang on flags, variables, encodings and the
//! directory. Each case is judged by the Docker Compose that is installed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

/// A run: what it is called, its files, flags before `config` and after it, variables, and the directory in which it is run.
#[derive(Clone, Default)]
struct Case {
    files: Vec<(&'static str, Vec<u8>)>,
    flags: &'static [&'static str],
    args: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    directory: &'static str,
}

fn case(compose: &'static str) -> Case {
    Case { files: vec![("compose.yaml", compose.into())], ..Case::default() }
}

impl Case {
    fn with(mut self, name: &'static str, bytes: &[u8]) -> Self {
        self.files.push((name, bytes.to_vec()));
        self
    }

    fn run(&self, program: &str, first: &[&str], folder: &Path) -> Output {
        let mut command = Command::new(program);
        command.args(first).args(self.flags).arg("config").args(self.args);
        command.current_dir(folder.join(self.directory)).env_clear().env("HOME", folder);
        command.env("PATH", std::env::var_os("PATH").unwrap()).envs(self.variables.iter().copied());
        command.output().unwrap()
    }

    /// What differs, if anything does.
    fn difference(&self) -> Option<String> {
        let temp = tempfile::Builder::new().prefix("surroundings").tempdir().unwrap();
        let folder = temp.path().join("project");
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match std::str::from_utf8(bytes).ok().and_then(|text| text.strip_prefix("link to ")) {
                Some(to) => symlink(to, path).unwrap(),
                None => fs::write(path, bytes).unwrap(),
            }
        }
        let ours = self.run(env!("CARGO_BIN_EXE_seaworthy"), &[], &folder);
        let theirs = self.run("docker", &["compose"], &folder);
        let [said, asked] =
            [&ours, &theirs].map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
        // A tool that words its warnings otherwise still has to give Compose's own sentence, whatever the breaks of lines.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let missing = asked.lines().filter_map(|line| {
            let (_, warning) = line.split_once("level=warning msg=\"")?;
            Some(warning.strip_suffix('"')?.replace("\\\"", "\""))
        });
        let missing: Vec<_> = missing.filter(|warning| !words(&said).contains(&words(warning))).collect();
        let same = ours.status.success() == theirs.status.success() && ours.stdout == theirs.stdout;
        (!same || !missing.is_empty()).then(|| {
            let [a, b] = [&ours, &theirs].map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            format!("missing: {missing:?}\nseaworthy: {a}{said}\ncompose: {b}{asked}")
        })
    }
}

const ONE: &str = "services: {a: {image: x}}\n";
const ENV_FILE: &str = "services: {a: {image: x, env_file: t.env}}\n";
const LABEL_FILE: &str = "services: {a: {image: x, label_file: t.env}}\n";

fn cases() -> Vec<Case> {
    let raw = |args: &'static [&'static str], compose| Case { args, ..case(compose) };
    let no_interpolate = |compose| raw(&["--no-interpolate"], compose);
    let variable = |variables, compose| Case { variables, ..case(compose) };
    let mut all = vec![
        // Variables that are not set, in every file of variables.
        case(ENV_FILE).with("t.env", b"HASH=$2y$10$abcdef.mnop\nC='$single'\n"),
        case(ENV_FILE).with("t.env", b"B=\"${NOPE}x\"\n"),
        case(LABEL_FILE).with("t.env", b"one=${NOPE}\n"),
        case("services: {a: {image: \"x:${TAG}\"}}\n").with(".env", b"TAG=${NOPE}-1\n"),
        case("include: [{path: b.yaml, env_file: t.env}]\n")
            .with("b.yaml", b"services: {b: {image: \"x:${TAG}\"}}\n")
            .with("t.env", b"TAG=v${NOPE}\n"),
        // Words that were booleans.
        case("services: {a: {image: x, env_file: [{path: none.env, required: 'no'}]}}\n"),
        case(
            "services: {a: {image: x, depends_on: {b: {condition: service_started, restart: 'On'}}}, b: {image: x}}\n",
        ),
        case("services: {a: {build: {context: ., no_cache: 'y', pull: 'N', privileged: 'off'}}}\n"),
        case(
            "services: {a: {image: x, read_only: 'Yes', tty: 'n', post_start: [{command: a, privileged: 'ON'}]}}\n",
        ),
        case(
            "services: {a: {image: x, volumes: [{type: bind, source: ., target: /a, bind: {create_host_path: 'no'}}]}}\n",
        ),
        no_interpolate("services: {a: {image: x, read_only: 'yes'}}\n"),
        // A float where text is wanted.
        case("services: {a: {image: x, ports: [{target: 80, published: 080}]}}\n"),
        case("services: {a: {image: x, ports: [{target: 80, published: 80.0}]}}\n"),
        case("services: {a: {image: x, ports: [80.0]}}\n"),
        case("services: {a: {image: x, expose: [80.0]}}\n"),
        // Env files are bytes.
        case(ENV_FILE).with("t.env", b"# caf\xe9\nA=1\n"),
        case(ENV_FILE).with("t.env", b"A=caf\xe9\nB=2\n"),
        case(ENV_FILE).with("t.env", &[b"A=".as_slice(), &[0xE9; 200]].concat()),
        raw(&["--format", "json"], ENV_FILE).with("t.env", b"A=caf\xe9\n"),
        case(ENV_FILE).with("t.env", b"\xff\xfeA\0=\x001\0"),
        case(LABEL_FILE).with("t.env", b"A=\xe9\n"),
        case("services: {a: {image: x, labels: {A: !!binary 6Q==}}}\n"),
        case(ONE).with(".env", b"\xff\xfeT\0A\0G\0=\x001\0"),
        case("services: {a: {image: x, environment: {A: \"${A}\"}}}\n").with(".env", b"A=\xc3\x28\n"),
        // What surrounds the project.
        case(ONE).with("sub/compose.yaml", ONE.as_bytes()),
        Case { flags: &["--workdir", "."], ..case(ONE) },
        Case { flags: &["--project-directory", "compose.yaml"], ..case(ONE) },
        Case { flags: &["-f", "link/compose.yaml"], ..case(ONE) }
            .with("real/compose.yaml", ONE.as_bytes())
            .with("link", b"link to real"),
        Case { flags: &["-p", "named", "-f", "link/compose.yaml"], ..case(ONE) }
            .with("real/compose.yaml", ONE.as_bytes())
            .with("link", b"link to real"),
        Case { flags: &["-f", "link/compose.yaml"], ..case(ONE) }
            .with("real/compose.yaml", b"name: told\nservices: {a: {image: x}}\n")
            .with("link", b"link to real"),
        variable(&[("COMPOSE_PARALLEL_LIMIT", "x")], ONE),
        variable(&[("COMPOSE_PARALLEL_LIMIT", "")], ONE),
        variable(&[("COMPOSE_PARALLEL_LIMIT", "+3")], ONE),
        Case { flags: &["--parallel", "2"], ..variable(&[("COMPOSE_PARALLEL_LIMIT", "x")], ONE) },
        case(ONE).with(".env", b"COMPOSE_PARALLEL_LIMIT=many\n"),
        // Short forms without interpolation.
        no_interpolate("services: {a: {build: {context: ., additional_contexts: ['${CTX}', 'b=c']}}}\n"),
        no_interpolate("services: {a: {build: {context: ., additional_contexts: ['a=b']}}}\n"),
        no_interpolate("services: {a: {image: x, volumes: [{type: bind, target: /a}]}}\n"),
        no_interpolate("services: {a: {image: x, devices: ['a:b:c:d', '/dev/x', '${D}:/dev/y']}}\n"),
        no_interpolate("services: {a: {image: x, ports: [-1]}}\n"),
        no_interpolate("services: {a: {image: x, ports: [80.0]}}\n"),
        no_interpolate("services: {a: {image: x, ports: ['x', '${P}:80']}}\n"),
        no_interpolate("services: {a: {image: x, ulimits: {nofile: '${N:-1024}'}}}\n"),
        no_interpolate("services: {a: {image: x}}\nvolumes: {v: {name: a, external: {name: b}}}\n"),
    ];
    for name in ["100%b", "100%41", "a#%zz", "a?%zz", "a\u{7f}b", "a b", "é"] {
        let file: &'static str = format!("{name}/compose.yaml").leak();
        let inside =
            Case { directory: name, ..case(ONE).with(file, b"name: x\nservices: {a: {image: x}}\n") };
        all.push(inside);
        let flags: &'static [&'static str] = Vec::leak(vec!["-f", file]);
        all.push(Case { flags, ..case(ONE).with(file, b"name: x\nservices: {a: {image: x}}\n") });
    }
    all
}

#[test]
fn what_surrounds_a_project_is_warned_of_and_refused_as_by_compose() {
    if !super::compose_is_here() {
        return;
    }
    let all = cases();
    let faults: Vec<_> = all
        .iter()
        .enumerate()
        .filter_map(|(at, case)| {
            Some(format!(
                "{at}: {:?} {:?} {:?}\n{}",
                case.files.first()?.0,
                case.flags,
                case.args,
                case.difference()?
            ))
        })
        .collect();
    println!("{} runs", all.len());
    assert!(faults.is_empty(), "{} differ\n{}", faults.len(), faults.join("\n---\n"));
}
