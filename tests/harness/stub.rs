//! A `docker` that does nothing but write down how it was called.

use crate::project::Project;

/// It says its version; of any other call, one line for each word.
const SCRIPT: &str = r#"
[ "$*" = 'compose version --short' ] && echo 2.40.3 && exit 0
for word in "$@"; do printf '%s\n' "$word" >> words; done
printf 'the answer of docker\n'
exit ${STUB_STATUS:-0}
"#;

pub trait Stub {
    fn docker(self) -> Self;
    /// The words that docker was called with; none where it was not.
    fn called_with(&self) -> Vec<String>;
}

impl Stub for Project {
    fn docker(self) -> Self {
        self.program("docker", SCRIPT)
    }

    fn called_with(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("words")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}
