use crate::cli::{PlanOptions, Request};
use crate::diagnostic::Exit;
pub fn run(_request: &Request, _options: &PlanOptions) -> Result<Exit, Exit> {
    Ok(Exit::Done)
}
