use super::Plan;

pub fn write_human(plan: &Plan) -> String {
    format!("{plan:?}")
}
