//! `schema NAME`: the JSON Schemas of what seaworthy reads and writes.

use crate::compose::table;
use crate::diagnostic::{Code, Exit, Finding};

pub fn run(name: &str) -> Result<Exit, Exit> {
    let schema =
        match name {
            "compose" => table::json_schema(),
            "policy" => return super::print(include_bytes!("../../schemas/policy.schema.json")),
            "lock" => return super::print(include_bytes!("../../schemas/lock.schema.json")),
            "plan" => return super::print(include_bytes!("../../schemas/plan.schema.json")),
            "doctor" => return super::print(include_bytes!("../../schemas/doctor.schema.json")),
            "ids" => return super::print(include_bytes!("../../schemas/ids.schema.json")),
            "whois" => return super::print(include_bytes!("../../schemas/whois.schema.json")),
            "explain" => return super::print(include_bytes!("../../schemas/explain.schema.json")),
            "probe" => return super::print(include_bytes!("../../schemas/probe.schema.json")),
            _ => {
                let finding = Finding::error(Code::Usage, format!("there is no schema {name:?}"));
                return Err(super::pass::refuse(finding.help(
                    "The schemas are: compose, doctor, explain, ids, lock, plan, policy, probe, whois.",
                )));
            }
        };
    super::print(format!("{schema:#}\n").as_bytes())
}
