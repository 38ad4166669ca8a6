//! Volumes with a name.

use super::{Answer, Engine};

impl Engine {
    /// Whether there is a volume of this name. To mount one that is not there would make it.
    pub fn has_volume(&self, name: &str) -> Answer<bool> {
        let asked = self.command().run(["volume", "inspect", "--format", "{{.Name}}", "--", name]);
        let asked = asked.and_then(|output| match output.text() {
            Answer::Known(found) if output.succeeded() && found.trim() == name => Answer::Known(true),
            _ if !output.succeeded() && output.says_missing("volume") => Answer::Known(false),
            _ => Answer::Unknown(output.complaint()),
        });
        asked.context(format_args!("whether there is a volume {name} is not known"))
    }
}
