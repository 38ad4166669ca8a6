//! Every code with its cause and its remedy, as a page of the documentation.

use std::fmt::Write;

use super::{Code, Exit};

const HEAD: &str = "# How it refuses

<!-- Generated from the codes; SEAWORTHY_BLESS=1 cargo test rewrites it. -->

Nothing is launched unless everything holds. A refusal has the same parts everywhere:

```console
$ seaworthy -f compose.yaml -f loosen.yaml up -d
error[rule-violated]: rule privileged: services.agent is privileged
 --> loosen.yaml:3:17
  |
2 |   agent:
3 |     privileged: true
  |                 ^^^^ here
  |
  = help: Remove `privileged: true`; add the one capability or device that is needed instead. Or
          waive it: { service: agent, rule: privileged, reason: … }

note: posture hardened is demanded at seaworthy.yaml:2:10

seaworthy: 1 error; nothing was started (exit status 77: the posture is violated)
$ echo $?
77
```

- The **code**, `rule-violated`. Codes are stable: scripts may match them. In JSON it is `code`, in SARIF `ruleId`, in GitHub
  annotations `title`.
- **What is wrong**, in one sentence. An `error` stops a launch; a `warning` and a `note` do not. Errors come first. One
  fault of many services is one message with their names.
- **Where**: file, line and column, both from 1, the column in characters, with the text underlined. A second place
  shows what it contradicts: the overlay that demands it, the lock, the other file.
- **What to do**.

Everything that is wrong is said in one go. The exit status is that of the first error; [exit-codes.md](exit-codes.md) has all
of them. Values from the environment are shown as `${NAME}` and credentials as `[redacted]` or stars;
`--show-values` shows them. `seaworthy check --format json` has the same as data, and `seaworthy explain PATH` says
where a value comes from.

`down`, `stop`, `kill`, `logs`, `ps` and the other ways out are never refused for what a project holds.

What is listed by exit status below can also be a warning: where no policy is in force, what Docker Compose runs is run.
";

/// `docs/refusals.md`
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    for (exit, title) in [
        (Exit::Usage, "The command line"),
        (Exit::InputRefused, "Inputs"),
        (Exit::PostureViolated, "Posture"),
        (Exit::PreparationFailed, "Host preparation"),
        (Exit::ProgramBroken, "Programs that are probed"),
        (Exit::CredentialsMissing, "Credentials that are probed"),
        (Exit::CredentialsInvalid, "Credentials that are probed and not valid"),
        (Exit::EngineUnavailable, "Engine and Compose"),
        (Exit::Findings, "Findings"),
        (Exit::Internal, "Defects of seaworthy"),
    ] {
        let codes: Vec<Code> = Code::ALL.iter().copied().filter(|code| code.exit() == exit).collect();
        if codes.is_empty() {
            continue;
        }
        let _ = write!(
            text,
            "\n## {title}: exit status {}\n\n| code | cause | remedy |\n|---|---|---|\n",
            exit as u8
        );
        for code in codes {
            let _ = writeln!(
                text,
                "| <a id=\"{name}\"></a>`{name}` | {}. | {} |",
                code.title(),
                code.remedy(),
                name = code.name()
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_page_is_in_step_with_the_codes() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/refusals.md");
        let page = document();
        if std::env::var_os("SEAWORTHY_BLESS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page,
            "docs/refusals.md is stale: run SEAWORTHY_BLESS=1 cargo test --lib diagnostic"
        );
    }

    #[test]
    fn every_code_is_on_the_page_once_with_a_cause_and_a_remedy() {
        let page = document();
        for code in Code::ALL {
            let row = format!("`{}` |", code.name());
            assert_eq!(page.matches(&row).count(), 1, "{}", code.name());
            assert!(!code.title().is_empty() && !code.title().ends_with('.'), "{}", code.name());
            assert!(code.remedy().ends_with('.') || code.remedy().ends_with("--help."), "{}", code.name());
        }
    }
}
