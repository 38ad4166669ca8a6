//! Switching tools recreates nothing: Compose gives each service the same config hash whether it reads
//! the project's own files or the one file that a launch hands over.

use std::collections::BTreeMap;

use seaworthy::compose::{self, Phases, Selection};
use seaworthy::diagnostic::Sink;
use seaworthy::project::{Environment, Given, Inputs, discover};
use seaworthy::render::render;

use crate::case::Case;
use crate::program::Program;
use crate::{Verdict, differences, pool};

type Hashes = BTreeMap<String, String>;

#[derive(Default)]
struct Count {
    same: usize,
    /// Compose's own render changes the hash too, as where an env file became variables.
    excused: usize,
    faults: Vec<String>,
}

pub fn check(cases: &[Case], compose: &Program) -> Verdict {
    let accepted: Vec<&Case> = cases.iter().filter(|case| case.is_accepted).collect();
    let known = differences::known();
    let accepted: Vec<&Case> =
        accepted.into_iter().filter(|case| !known.contains_key(case.id.as_str())).collect();
    let counts = pool::map(&accepted, |case| judge(case, compose));
    let mut total = Count::default();
    for count in counts {
        total.same += count.same;
        total.excused += count.excused;
        total.faults.extend(count.faults);
    }
    Verdict {
        summary: format!(
            "{} services keep their hash, {} lose it in Compose's own render too",
            total.same, total.excused,
        ),
        faults: total.faults,
    }
}

fn judge(case: &Case, compose: &Program) -> Count {
    let mut count = Count::default();
    let all = ["config", "--hash", "*"].map(str::to_owned).to_vec();
    let original = compose.run(&case.directory, &case.environment, &[case.globals(), all].concat());
    let original = hashes(&original.stdout);
    let Some((name, directory, text)) = launched(case) else {
        count.faults.push(format!("{}: no file to launch", case.id));
        return count;
    };
    let reload = |text: &str| {
        let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let path = file.path().display().to_string();
        let mut words: Vec<String> =
            ["--project-directory", &directory, "-p", &name, "-f", &path].map(str::to_owned).to_vec();
        words.extend(case.profiles.iter().flat_map(|profile| ["--profile".to_owned(), profile.clone()]));
        words.extend(["config", "--hash", "*"].map(str::to_owned));
        let mut environment = case.environment.clone();
        environment.insert("COMPOSE_DISABLE_ENV_FILE".to_owned(), "true".to_owned());
        hashes(&compose.run(&case.directory, &environment, &words).stdout)
    };
    let ours = reload(&text);
    let mut theirs = None;
    for (service, hash) in &original {
        if ours.get(service) == Some(hash) {
            count.same += 1;
            continue;
        }
        let theirs = theirs.get_or_insert_with(|| {
            let words = [case.globals(), vec!["config".to_owned()]].concat();
            let output = compose.run(&case.directory, &case.environment, &words);
            reload(&String::from_utf8_lossy(&output.stdout))
        });
        if theirs.get(service) == Some(hash) {
            count.faults.push(format!("{}: {service} has another hash", case.id));
        } else {
            count.excused += 1;
        }
    }
    count
}

fn hashes(output: &[u8]) -> Hashes {
    String::from_utf8_lossy(output)
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
        .collect()
}

/// The project's name and directory, and the text of the file that a launch of it hands to Compose.
fn launched(case: &Case) -> Option<(String, String, String)> {
    let given = Given {
        files: case.files.clone(),
        environment: Environment::new(case.environment.clone()),
        cwd: case.directory.clone(),
        ..Given::default()
    };
    let selection = Selection { profiles: case.profiles.clone(), ..Selection::default() };
    let (mut inputs, mut sink) = (Inputs::default(), Sink::new());
    let project = discover(&given, &mut inputs, &mut sink)?;
    let layers = compose::parse(&project, &inputs, &mut sink)?;
    let model = compose::load(&project, layers, Phases::default(), &selection, &mut inputs, &mut sink)?;
    let selected = model.select(&selection, &mut inputs, &mut sink)?;
    let rendered = render(&model, &selected);
    Some((model.name, model.directory.display().to_string(), rendered.text))
}
