//! `plan --format html` in a real browser: nothing overlaps, runs over or cannot be read, on a phone, a
//! tablet, a desk and on paper, in the light and in the dark.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "harness/project.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod project;

use std::fmt::Write;
use std::process::Command;

use project::Project;
use serde_json::Value;

/// What a page must be measured at: CSS pixels; the last is A4 with margins, as printed.
const WIDTHS: [u32; 4] = [320, 360, 768, 1440];
const PAPER: u32 = 718;

/// A project with long names, many services, and every kind of mark in the matrix.
fn project() -> Project {
    let mut compose = String::from("services:\n");
    for at in 0..30 {
        let _ = write!(
            compose,
            "  service-with-a-long-name-{at}:
    image: registry.example.com/an/organisation/with/a/long/path/image-{at}:2026.11.21-0123456789abcdef
    user: \"1000{at}:1000{at}\"
    command: [\"<script>alert({at})</script>\"]
    volumes:
      - ./state/{at}/a-directory-whose-name-has-no-place-to-break-0123456789012345678901234567890123:/data
      - /var/lib/else/{at}:/else:ro
      - cache:/var/cache
    ports: [\"127.0.0.1:8{at:02}0:8080\", \"9{at:02}0-9{at:02}3:9000-9003/udp\"]
    pids_limit: 100
    mem_limit: 256m
"
        );
    }
    compose.push_str("  \"bad\":\n    image: x\n    privileged: true\n    network_mode: host\n");
    compose
        .push_str("    volumes: [\"/var/run/docker.sock:/var/run/docker.sock\"]\n    cap_add: [NET_ADMIN]\n");
    compose.push_str("volumes: {cache: {}}\n");
    Project::new(&compose).file(
        "seaworthy.yaml",
        "version: 1
posture: baseline
user: {default: \"10001:10001\"}
waivers:
  - { service: bad, rule: privileged, reason: \"a test & <more>\" }
...
",
    )
}

fn page() -> String {
    let outcome = project().run(["plan", "--format", "html"]);
    assert_eq!(outcome.status, 77, "{outcome}");
    outcome.stdout
}

/// As [`page`], of a project that would be launched.
fn ready() -> String {
    let compose = "services:\n  web:\n    image: demo\n    user: \"0:0\"\n    volumes: [./data:/data]\n";
    let page = Project::new(compose).file("data/keep", "").run(["plan", "--format", "html"]).output();
    assert!(page.contains("<span class=\"chip good\">writes</span>"), "{page}");
    assert!(page.contains("<span class=\"chip bad\">cannot write</span>"), "{page}");
    page
}

/// The browser, which `scripts/test` installs.
fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "no chromium: run scripts/test");
    found
}

/// Runs the page in frames of these widths and measures each; `dark` is what the reader prefers.
fn measure(page: &str, widths: &[u32], dark: bool) -> Vec<Value> {
    let browser = chromium().expect("a browser");
    let folder = tempfile::tempdir().unwrap();
    let escaped = page.replace('&', "&amp;").replace('"', "&quot;");
    let frames = widths.iter().fold(String::new(), |mut frames, width| {
        let _ = writeln!(
            frames,
            "<iframe width={width} height=900 style=\"border:0\" srcdoc=\"{escaped}\"></iframe>"
        );
        frames
    });
    let html = format!(
        "<!doctype html><meta charset=utf-8><body style=\"margin:0\">{frames}<pre id=result></pre><script>{}</script>",
        include_str!("browser/measure.js")
    );
    let path = folder.path().join("frames.html");
    std::fs::write(&path, html).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("--blink-settings=preferredColorScheme={}", i32::from(!dark)))
        .args(["--window-size=1600,1200", "--virtual-time-budget=20000", "--timeout=60000", "--dump-dom"])
        .arg(format!("file://{}", path.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let result = dom
        .split("<pre id=\"result\">")
        .nth(1)
        .and_then(|rest| rest.split("</pre>").next())
        .unwrap_or_else(|| panic!("no result in {dom}\n{}", String::from_utf8_lossy(&output.stderr)));
    let result = result.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let measured: Vec<Value> =
        serde_json::from_str(&result).unwrap_or_else(|error| panic!("{error}: {result}"));
    assert_eq!(measured.len(), widths.len(), "{result}");
    measured
}

/// What is wrong with a measured frame.
fn faults(frame: &Value) -> Vec<String> {
    let list = |key: &str| {
        frame[key].as_array().unwrap().iter().map(|fault| format!("{key}: {fault}")).collect::<Vec<_>>()
    };
    ["overlaps", "touching", "outside", "faint", "unreachable"].into_iter().flat_map(list).collect()
}

#[test]
#[ignore = "needs chromium: run scripts/test"]
fn nothing_overlaps_or_runs_over_at_any_width_in_light_and_dark() {
    let pages = [page(), ready()];
    for page in &pages {
        for dark in [false, true] {
            for frame in measure(page, &WIDTHS, dark) {
                assert!(frame["texts"].as_u64().unwrap() > 30, "{frame}");
                assert_eq!(faults(&frame), Vec::<String>::new(), "at {} dark {dark}", frame["width"]);
                let brightness = frame["brightness"].as_f64().unwrap();
                assert_eq!(brightness < 0.2, dark, "{brightness}");
            }
        }
    }
}

#[test]
#[ignore = "needs chromium: run scripts/test"]
fn paper_has_everything_on_it() {
    for page in [page(), ready()] {
        // What the printer gets is measured on a screen of the paper's width.
        let paper = page.replace("@media print", "@media all");
        assert_ne!(paper, page);
        let frame = &measure(&paper, &[PAPER], true)[0];
        let mut faults = faults(frame);
        faults.retain(|fault| !fault.starts_with("unreachable"));
        assert_eq!(faults, Vec::<String>::new());
        assert!(frame["brightness"].as_f64().unwrap() > 0.9, "paper is white: {frame}");
        assert_eq!(frame["scrolls"], 0, "nothing scrolls on paper");
    }
}

#[test]
#[ignore = "needs chromium: run scripts/test"]
fn everything_can_be_reached_with_the_keyboard() {
    let frame = &measure(&page(), &[360], false)[0];
    assert!(frame["focusable"].as_u64().unwrap() >= 10, "{frame}");
    assert_eq!(frame["dead_links"], serde_json::json!([]));
    assert!(frame["scrolls"].as_u64().unwrap() >= 1, "the matrix scrolls on a phone: {frame}");
}

#[test]
#[ignore = "needs chromium: run scripts/test"]
fn a_page_that_overlaps_is_found() {
    let broken = page().replace("</style>", "dd { margin-top: -1.2rem } .card { width: 60rem }</style>");
    let frame = &measure(&broken, &[360], false)[0];
    for key in ["overlaps", "outside"] {
        assert!(!frame[key].as_array().unwrap().is_empty(), "{key}");
    }
    let touching = page().replace("</code> read-only", "</code>read-only");
    assert!(!measure(&touching, &[1440], false)[0]["touching"].as_array().unwrap().is_empty());
    let faint = page().replace("--text: #1b1f24", "--text: #cccccc");
    assert!(!measure(&faint, &[360], false)[0]["faint"].as_array().unwrap().is_empty());
}

#[test]
fn the_page_needs_nothing_else_and_escapes_everything() {
    let page = page();
    for never in ["<script", "http://", "https://", "src=", "@import", "url(", "<link"] {
        assert!(!page.contains(never), "{never}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("privileged"), "the matrix names the rule");
    assert_eq!(page.matches("data-service=").count(), 31, "each service has its picture");
}

#[test]
fn text_of_the_project_is_no_markup() {
    let project = Project::new(
        "services:\n  web:\n    image: \"<img/onerror=x>&amp;\"\n    ports: [80]\n    volumes: [\"./<b>:/<i>\"]\n",
    )
    .folder("<b>");
    let page = project.run(["plan", "--format", "html"]).output();
    assert!(!page.contains("<img") && !page.contains("<b>") && !page.contains("<i>"), "{page}");
    assert!(page.contains("<code>/&#60;i&#62;</code> <span"), "the picture has the path: {page}");
    assert!(page.contains("&#60;img/onerror=x&#62;&#38;amp;"), "{page}");
}
