use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use super::*;
use crate::diagnostic::{Code, Severity};
use crate::engine::TmpfsMode;
use crate::ownership::images::fake::{Fake, FakeImages};
use crate::ownership::testing::{OP, model, op, root};
use crate::ownership::{UserQuestion, decide_users};

mod nested;
mod present;
mod way;

/// A project in a directory of its own, and what is asked about it.
struct Project {
    _keep: tempfile::TempDir,
    path: PathBuf,
    policy: Option<BindPolicy>,
    caller: Caller,
    images: FakeImages,
    map: Answer<IdMap>,
    location: Location,
    engine_is_silent: bool,
    sends_helper: bool,
    becomes: Option<Owner>,
    stays: Vec<&'static str>,
    observed: Vec<&'static str>,
}

fn project() -> Project {
    let keep = tempfile::tempdir().unwrap();
    let path = keep.path().canonicalize().unwrap();
    Project {
        _keep: keep,
        path,
        policy: Some(BindPolicy::default()),
        caller: root(),
        images: FakeImages::default(),
        map: Answer::Known(IdMap::identity()),
        location: Location::Here,
        engine_is_silent: false,
        sends_helper: false,
        becomes: None,
        stays: Vec::new(),
        observed: Vec::new(),
    }
}

impl Project {
    fn lax(mut self) -> Self {
        self.policy = None;
        self
    }

    fn at(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    /// `PROJECT` in the text stands for the project's directory.
    fn decide(&self, text: &str) -> Binds {
        let (mut model, sources) = model(&text.replace("PROJECT", self.path.to_str().unwrap()));
        model.directory.clone_from(&self.path);
        let users = decide_users(&UserQuestion {
            model: &model,
            sources: &sources,
            policy: None,
            images: &self.images,
            caller: &self.caller,
            known: &std::collections::BTreeMap::new(),
        });
        decide_binds(&BindQuestion {
            model: &model,
            whole: &model,
            sources: &sources,
            policy: self.policy.as_ref(),
            users: &users,
            images: &self.images,
            maps: &|_| self.map.clone(),
            location: &self.location,
            engine_is_silent: self.engine_is_silent,
            sends_helper: self.sends_helper,
            caller: &self.caller,
            mended: &|_, _, _| false,
            shared: &|_| false,
            becomes: &|_| self.becomes,
            former: &Vec::new,
            durable: &|_| false,
            stays: &|name| self.stays.contains(&name),
            observed: &|name| self.observed.contains(&name),
        })
    }

    /// One service as 10001:10001 with one bind as Compose writes the short form.
    fn bind(&self, source: &str, target: &str) -> Binds {
        self.decide(&service("a", "10001:10001", &[&short(source, target)]))
    }
}

fn short(source: &str, target: &str) -> String {
    format!("{{type: bind, source: '{source}', target: '{target}', bind: {{create_host_path: true}}}}")
}

fn service(name: &str, user: &str, mounts: &[&str]) -> String {
    let mounts = mounts.join("\n      - ");
    format!("services:\n  {name}:\n    image: app\n    user: '{user}'\n    volumes:\n      - {mounts}\n")
}

fn more(first: String, name: &str, user: &str, mounts: &[&str]) -> String {
    first + service(name, user, mounts).strip_prefix("services:\n").unwrap()
}

fn the_finding(binds: &Binds) -> (Severity, Code, String) {
    let [finding] = binds.findings.as_slice() else { panic!("{:#?}", binds.findings) };
    (finding.severity, finding.code, finding.message.clone())
}

fn is_refused(binds: &Binds) -> bool {
    let refused = matches!(binds.decisions[0].outcome, Outcome::Refuse(_));
    let error = binds.findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(refused, error, "every refusal is a finding and the other way round");
    refused && binds.steps.is_empty()
}

#[test]
fn a_missing_directory_under_a_root_is_created_for_the_services_user() {
    let project = project();
    let binds = project.bind("PROJECT/a/b", "/data");
    let [HostStep::CreateDirectory { place }] = binds.steps.as_slice() else { panic!("{binds:#?}") };
    assert_eq!((&place.root, place.path.as_path()), (&project.path, Path::new("a/b")));
    assert_eq!((place.owner, place.mode), (Some(Owner::new(10001, 10001)), 0o750));
    assert!(binds.findings.is_empty());
    assert!(!project.at("a").exists(), "decisions change nothing");
}

#[test]
fn without_a_policy_the_project_is_the_root_and_the_mode_is_the_engines() {
    let binds = project().lax().bind("PROJECT/data", "/data");
    let [HostStep::CreateDirectory { place }] = binds.steps.as_slice() else { panic!("{binds:#?}") };
    assert_eq!((place.owner, place.mode), (Some(Owner::new(10001, 10001)), 0o755));
}

#[test]
fn the_owner_goes_through_the_engines_map() {
    let mut project = project();
    let range = vec![crate::engine::idmap::Range { container: 0, host: 231_072, length: 65536 }];
    project.map = Answer::Known(IdMap::new(range.clone(), range));
    let binds = project.bind("PROJECT/data", "/data");
    assert_eq!(binds.steps[0].place().owner, Some(Owner::new(241_073, 241_073)));
    let binds = project.decide(&service("a", "70000:1", &[&short("PROJECT/data", "/data")]));
    assert_eq!(the_finding(&binds).1, Code::UserInvalid);
    assert!(binds.steps.is_empty());
}

#[test]
fn what_is_not_known_yet_is_not_guessed() {
    let mut project = project();
    project.map = Answer::unknown("no answer within 10 s");
    let binds = project.bind("PROJECT/data", "/data");
    assert!(binds.decisions.iter().any(BindDecision::is_pending) && binds.steps.is_empty());
    project.map = Answer::Known(IdMap::identity());
    let text = service("a", "x", &[&short("PROJECT/data", "/data")]).replace("user: 'x'", "init: true");
    let binds = project.decide(&text);
    assert!(matches!(&binds.decisions[0].outcome, Outcome::Pending(why) if why == "known after pull"));
}

#[test]
fn a_missing_file_is_refused_unless_declared() {
    let mut project = project();
    for name in ["config.json", ".gitconfig", "deep/er/nginx.conf"] {
        let binds = project.bind(&format!("PROJECT/{name}"), "/x");
        assert!(is_refused(&binds), "{name}");
        assert_eq!(the_finding(&binds).1, Code::BindMissing);
    }
    let declared = Declared {
        path: project.at("deep/config.json"),
        content: Some("{}".into()),
        mode: None,
        owner: None,
        span: None,
    };
    project.policy = Some(BindPolicy { create: vec![declared], ..BindPolicy::default() });
    let binds = project.bind("PROJECT/deep/config.json", "/x");
    let [HostStep::CreateFile { place, content }] = binds.steps.as_slice() else { panic!("{binds:#?}") };
    assert_eq!((place.mode, content.as_str()), (0o640, "{}"));
}

#[test]
fn a_file_may_be_declared_outside_the_roots_but_not_its_directory() {
    let mut project = project();
    let home = tempfile::tempdir().unwrap();
    let home = home.path().canonicalize().unwrap();
    let declare = |path: &str| Declared {
        path: home.join(path),
        content: Some(String::new()),
        mode: Some(0o644),
        owner: Some(Owner::new(7, 7)),
        span: None,
    };
    project.policy =
        Some(BindPolicy { create: vec![declare(".gitconfig"), declare("no/x")], ..BindPolicy::default() });
    let binds = project.bind(home.join(".gitconfig").to_str().unwrap(), "/x");
    let [HostStep::CreateFile { place, .. }] = binds.steps.as_slice() else { panic!("{binds:#?}") };
    assert_eq!((&place.root, place.owner, place.mode), (&home, Some(Owner::new(7, 7)), 0o644));
    let binds = project.bind(home.join("no/x").to_str().unwrap(), "/x");
    assert!(is_refused(&binds));
    assert_eq!(the_finding(&binds).1, Code::BindOutside);
}

const OPERATOR: Owner = Owner::new(1500, 1501);

/// What is made for one service as 10001:10002, launched by root for the operator.
fn born(project: &Project, mounts: &[&str]) -> Vec<(PathBuf, Option<Owner>, u32)> {
    let binds = project.decide(&service("a", "10001:10002", mounts));
    assert!(binds.findings.is_empty(), "{:#?}", binds.findings);
    let one = |step: &HostStep| (step.full_path(), step.place().owner, step.place().mode);
    binds.steps.iter().map(one).collect()
}

#[test]
fn what_is_only_read_stays_the_operators_and_is_readable() {
    let mut project = project();
    project.caller.person = Some(OPERATOR);
    let read =
        |source: &str, target: &str| short(source, target).replace("bind: {", "read_only: true, bind: {");
    let made = |mounts: &[&str]| -> Vec<_> {
        born(&project, mounts).into_iter().map(|(_, owner, mode)| (owner.unwrap(), mode)).collect()
    };
    let user = Owner::new(10001, 10002);
    assert_eq!(made(&[&read("PROJECT/conf", "/conf")]), [(OPERATOR, 0o755)]);
    assert_eq!(made(&[&short("PROJECT/data", "/data")]), [(user, 0o750)]);
    // What is written through another mount is the writer's.
    let both = [&*read("PROJECT/data", "/seen"), &*short("PROJECT/data", "/data")];
    assert_eq!(made(&both), [(user, 0o750)]);
    let inside = [&*read("PROJECT/data/part", "/seen"), &*short("PROJECT/data", "/data")];
    assert_eq!(made(&inside), [(user, 0o750), (user, 0o750)]);
}

#[test]
fn what_lies_in_the_operators_home_stays_the_operators() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().canonicalize().unwrap();
    let mut project = project();
    project.caller.person = Some(OPERATOR);
    project.caller.home = Some(home.clone());
    let file = |mode| Declared {
        path: home.join(".gitconfig"),
        content: Some(String::new()),
        mode,
        owner: None,
        span: None,
    };
    let policy = |mode| BindPolicy {
        roots: vec![home.join(".local"), project.path.clone()],
        create: vec![file(mode)],
        ..BindPolicy::default()
    };
    let (local, config) = (home.join(".local/share"), home.join(".gitconfig"));
    let mounts = [short(local.to_str().unwrap(), "/local"), short(config.to_str().unwrap(), "/h/.gitconfig")];
    let mounts = [mounts[0].as_str(), mounts[1].as_str()];
    project.policy = Some(policy(None));
    let shared = Some(Owner::new(OPERATOR.uid, 10002));
    assert_eq!(born(&project, &mounts), [(config, Some(OPERATOR), 0o644), (local, shared, 0o770)]);
    // A project in the home is no part of it.
    project.caller.home = project.path.parent().map(Path::to_owned);
    let own = short("PROJECT/data", "/data");
    let user = Some(Owner::new(10001, 10002));
    assert_eq!(born(&project, &[&own]), [(project.at("data"), user, 0o750)]);
    // A mode that somebody wrote is kept, and what it closes is said.
    project.caller.home = Some(home.clone());
    project.policy = Some(policy(Some(0o600)));
    let binds = project.decide(&service("a", "10001:10002", &[mounts[1]]));
    assert!(is_refused(&binds));
    assert!(the_finding(&binds).2.contains("it would be made for 1500:1501, with mode 0600"));
}

#[test]
fn without_a_policy_a_missing_file_becomes_a_directory_as_in_compose_but_of_the_right_owner() {
    let project = project().lax();
    let binds = project.bind("PROJECT/config.json", "/x");
    assert_eq!(binds.steps[0].kind(), Kind::Directory);
    assert_eq!(binds.steps[0].place().owner, Some(Owner::new(10001, 10001)));
    assert_eq!(the_finding(&binds).0, Severity::Warning);
}

#[test]
fn where_the_image_has_a_file_a_missing_source_is_refused_in_any_case() {
    let mut project = project().lax();
    let files = [("/etc/passwd", Kind::File), ("/data", Kind::Directory)].into();
    project.images = FakeImages::one("app", Fake { files, ..Fake::default() });
    let binds = project.bind("PROJECT/passwd-of-ours", "/etc/passwd");
    assert!(is_refused(&binds), "the engine cannot mount a directory over a file");
    assert_eq!(binds.decisions[0].kind_from, KindFrom::Image);
    let binds = project.bind("PROJECT/slash/", "/etc/passwd");
    assert_eq!(the_finding(&binds).1, Code::BindKind);
    let binds = project.bind("PROJECT/data.json", "/data");
    assert_eq!(binds.steps[0].kind(), Kind::Directory, "the image's content counts more than the name");
}

#[test]
fn create_host_path_false_is_never_created() {
    for lax in [false, true] {
        let project = if lax { project().lax() } else { project() };
        for map in ["bind: {create_host_path: false}", "bind: {create_host_path: false, propagation: rslave}"]
        {
            let mount = format!("{{type: bind, source: PROJECT/data, target: /data, {map}}}");
            let binds = project.decide(&service("a", "1:1", &[&mount]));
            assert!(is_refused(&binds), "{map}");
        }
        let binds =
            project.decide(&service("a", "1:1", &["{type: bind, source: PROJECT/data, target: /data}"]));
        assert_eq!(binds.steps.len(), 1, "where nothing is said the engine creates it");
    }
}

#[test]
fn sockets_and_devices_are_never_created() {
    for source in ["PROJECT/run/app.sock", "/dev/no-such-device"] {
        let binds = project().bind(source, "/x");
        assert!(is_refused(&binds), "{source}");
        let binds = project().lax().bind(source, "/x");
        assert_eq!((the_finding(&binds).0, binds.steps.len()), (Severity::Warning, 0), "{source}");
    }
}

#[test]
fn outside_the_roots_nothing_is_created() {
    let outside = tempfile::tempdir().unwrap();
    let source = outside.path().join("x").to_str().unwrap().to_owned();
    let binds = project().bind(&source, "/x");
    assert!(is_refused(&binds));
    assert_eq!(the_finding(&binds).1, Code::BindOutside);
    let binds = project().lax().bind(&source, "/x");
    assert_eq!((the_finding(&binds).0, binds.steps.len()), (Severity::Warning, 0));
    let binds = project().lax().decide(&service("a", "0:0", &[&short(&source, "/x")]));
    assert!(binds.findings.is_empty() && binds.steps.is_empty(), "what the engine makes is root's anyway");
}

#[test]
fn a_link_out_of_the_root_is_not_followed() {
    let project = project();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), project.at("link")).unwrap();
    let binds = project.bind("PROJECT/link/x", "/x");
    assert!(is_refused(&binds));
    assert!(the_finding(&binds).2.contains("behind the link"), "{}", the_finding(&binds).2);
}

#[test]
fn what_the_engine_would_fail_at_is_refused_without_a_policy_too() {
    let project = project().lax();
    fs::write(project.at("file"), "").unwrap();
    symlink("nowhere", project.at("dangling")).unwrap();
    assert_eq!(the_finding(&project.bind("PROJECT/file/x", "/x")).1, Code::BindKind);
    for source in ["PROJECT/file/x", "PROJECT/dangling", "PROJECT/dangling/x"] {
        assert!(is_refused(&project.bind(source, "/x")), "{source}");
    }
}

#[test]
fn nothing_is_created_in_the_hosts_root_directory_and_an_unset_variable_is_named() {
    let binds = project().bind("/no-such-thing-here", "/x");
    assert!(is_refused(&binds) && the_finding(&binds).2.contains("the host's root directory"));
    assert!(!the_finding(&binds).2.contains("has no value"));
    let project = project().lax();
    let (mut model, sources) =
        model("services:\n  a:\n    image: app\n    user: '1:1'\n    volumes: [\"${UNSET}/x:/x\"]\n");
    let mounts = model.root.get_mut("services").unwrap().get_mut("a").unwrap().get_mut("volumes").unwrap();
    let at = mounts.as_seq().unwrap()[0].origin;
    let (canonical, _) = crate::ownership::testing::model(&short("/no-such-thing-here/x", "/x"));
    let mut mount = canonical.root;
    *mount.get_mut("source").unwrap() = crate::yaml::Node::string("/no-such-thing-here/x", at);
    *mounts = crate::yaml::Node::seq(vec![mount], at);
    let users = Users::default();
    let binds = decide_binds(&BindQuestion {
        model: &model,
        whole: &model,
        sources: &sources,
        policy: Some(&BindPolicy::default()),
        users: &users,
        images: &project.images,
        maps: &|_| Answer::Known(IdMap::identity()),
        location: &Location::Here,
        engine_is_silent: false,
        sends_helper: false,
        caller: &project.caller,
        mended: &|_, _, _| false,
        becomes: &|_| None,
        stays: &|_| false,
        observed: &|_| false,
        shared: &|_| false,
        former: &Vec::new,
        durable: &|_| false,
    });
    assert!(the_finding(&binds).2.ends_with("the path begins with ${UNSET}, which has no value"));
}

#[test]
fn one_who_may_not_give_away_creates_only_what_is_theirs() {
    let mut project = project();
    chown(&project.path, Some(OP.uid), Some(OP.gid)).unwrap();
    project.caller = op();
    let own = service("a", "1500:1501", &[&short("PROJECT/data", "/data")]);
    // Above the project is a directory that only we may enter, and the kernel would stop `op` there.
    fs::set_permissions(&project.path, fs::Permissions::from_mode(0o755)).unwrap();
    let binds = project.decide(&own);
    assert_eq!(binds.steps[0].place().owner, Some(OP), "{binds:#?}");
    let other = project.bind("PROJECT/data", "/data");
    assert!(is_refused(&other));
    assert!(other.findings[0].help.as_deref().unwrap().contains("sudo install -d -o 10001"));
    let roots = service("a", "0:0", &[&short("PROJECT/data", "/data")]);
    assert!(is_refused(&project.decide(&roots)));
    let project = project.lax();
    let binds = project.decide(&roots);
    assert!(binds.findings.is_empty() && matches!(binds.decisions[0].outcome, Outcome::Leave(_)));
    assert_eq!(the_finding(&project.bind("PROJECT/data", "/data")).0, Severity::Warning);
}

#[test]
fn on_another_machine_nothing_here_is_looked_at() {
    let mut project = project();
    project.location = Location::Elsewhere("it is reached through ssh://h".into());
    let binds = project.bind("PROJECT/data", "/data");
    assert_eq!((the_finding(&binds).1, binds.steps.len()), (Code::RemoteEngine, 0));
    assert!(binds.decisions.is_empty());
}

#[test]
fn on_another_machine_the_helper_is_told_what_to_look_for() {
    let mut project = project();
    project.location = Location::Elsewhere("it is reached through ssh://h".into());
    project.sends_helper = true;
    fs::write(project.at("data"), "here, it is a file").unwrap();
    let mounts = [
        short("PROJECT/data", "/data"),
        short("PROJECT/sub", "/data/deep/sub"),
        short("PROJECT/rules.json", "/rules.json").replace("target", "read_only: true, target"),
        short("/elsewhere", "/else"),
        short("PROJECT", "/all"),
    ];
    let mounts: Vec<&str> = mounts.iter().map(String::as_str).collect();
    let binds = project.decide(&service("a", "10001:10001", &mounts));
    let sought: Vec<_> = binds
        .sought
        .iter()
        .map(|one| (one.relative.to_str().unwrap(), one.kind, one.step.is_some(), one.who.is_some()))
        .collect();
    assert_eq!(
        sought,
        [
            ("", Kind::Directory, false, true),
            ("data", Kind::Directory, true, true),
            ("data/deep/sub", Kind::Directory, true, false),
            ("rules.json", Kind::File, false, true),
            ("sub", Kind::Directory, true, true),
        ]
    );
    assert!(binds.steps.is_empty() && binds.probes.is_empty(), "nothing here");
    let (severity, code, message) = the_finding(&binds);
    assert_eq!((severity, code), (Severity::Warning, Code::RemoteEngine));
    assert!(message.contains("/elsewhere of the engine's machine, which is outside the roots"), "{message}");
    // Without a policy nobody has said so.
    let binds = project.lax().bind("PROJECT/data", "/data");
    assert!(binds.sought.is_empty() && the_finding(&binds).1 == Code::RemoteEngine);
}

#[test]
fn in_a_virtual_machine_things_belong_to_whoever_makes_them() {
    let mut project = project();
    project.location = Location::VirtualMachine;
    let binds = project.bind("PROJECT/data", "/data");
    assert_eq!(binds.steps[0].place().owner, None);
}

#[test]
fn each_path_is_created_once_and_after_what_it_lies_in() {
    let first = service(
        "b",
        "2:2",
        &[
            &short("PROJECT/x/y", "/y"),
            &short("PROJECT/x", "/x").replace("target", "read_only: true, target"),
        ],
    );
    let text = more(first, "c", "2:2", &[&short("PROJECT/x", "/x"), &short("PROJECT/x-y", "/z")]);
    let binds = project().lax().decide(&text);
    let paths: Vec<_> = binds.steps.iter().map(|step| step.place().path.to_str().unwrap()).collect();
    assert_eq!(paths, ["x", "x/y", "x-y"]);
}

#[test]
fn the_service_that_writes_decides_whose_a_shared_source_is() {
    let read_only = short("PROJECT/x", "/x").replace("target", "read_only: true, target");
    let text = more(service("a", "1:1", &[&read_only]), "b", "2:2", &[&short("PROJECT/x", "/x")]);
    let binds = project().lax().decide(&text);
    assert_eq!(binds.steps[0].place().owner, Some(Owner::new(2, 2)));
}

#[test]
fn a_service_that_runs_on_is_not_refused_for_what_it_was_started_with() {
    for lax in [false, true] {
        let mut project = if lax { project().lax() } else { project() };
        let gone =
            short("PROJECT/gone.d", "/data").replace("create_host_path: true", "create_host_path: false");
        let text = service("a", "10001:10001", &[&gone]);
        assert!(is_refused(&project.decide(&text)));
        project.stays = vec!["a"];
        let binds = project.decide(&text);
        assert!(!is_refused(&binds));
        let (severity, code, _) = the_finding(&binds);
        assert_eq!((severity, code), (Severity::Warning, Code::BindMissing));
        assert!(binds.findings[0].help.as_ref().unwrap().contains("is left as it is"));
        assert!(matches!(binds.decisions[0].outcome, Outcome::Leave(_)));
        // Another service does not run.
        assert!(is_refused(
            &project.decide(&more(text, "b", "10001:10001", &[&gone]).replacen("a:", "z:", 1))
        ));
    }
}

/// The owner and the mode of the only thing that is made.
fn made(project: &Project, service: &str) -> (Option<Owner>, u32) {
    let mount = "{type: bind, source: PROJECT/new, target: /new}";
    let binds = project.decide(&format!("services:\n  a: {{image: x, volumes: [{mount}], {service}}}\n"));
    let [step] = binds.steps.as_slice() else { panic!("{:?}", binds.decisions) };
    let place = step.place();
    (place.owner, place.mode)
}

#[test]
fn what_root_gives_away_itself_is_made_for_whom_it_becomes_or_left_as_open_as_the_engine_makes_it() {
    let heir = Owner::new(1500, 1501);
    let mut project = project();
    assert_eq!(made(&project, "user: '0:0'"), (Some(Owner::ROOT), 0o755), "nobody knows who enters");
    assert_eq!(made(&project, "user: '5:6'"), (Some(Owner::new(5, 6)), 0o750));
    project.becomes = Some(heir);
    assert_eq!(made(&project, "user: '0:0'"), (Some(heir), 0o750));
    assert_eq!(
        made(&project, "user: '0:0', cap_drop: [ALL]"),
        (Some(Owner::ROOT), 0o755),
        "it could not enter"
    );
    assert_eq!(made(&project, "user: '5:6'"), (Some(Owner::new(5, 6)), 0o750));
    project.policy.as_mut().unwrap().mode = Some(0o700);
    assert_eq!(
        made(&project, "user: '0:0', cap_drop: [ALL]"),
        (Some(Owner::ROOT), 0o700),
        "the policy says so"
    );
    let lax = project.lax();
    assert_eq!(made(&lax, "user: '0:0'"), (Some(Owner::ROOT), 0o755), "as Compose would");
}
