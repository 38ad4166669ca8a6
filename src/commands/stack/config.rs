//! `stack config`: the project as `docker stack` reads it, or as the engine is asked for it.

use serde_json::{Value, json};

use crate::cli::{Request, StackOptions};
use crate::diagnostic::Exit;
use crate::reach::swarm::{Here, Object, Question, Stack, rendering, stacked, translate};
use crate::run::decide::Images;
use crate::run::images::LazyEngine;
use crate::run::session::Session;
use crate::run::verify::verify;
use crate::run::{pass, print};
use crate::yaml::to_yaml;

pub fn run(request: &Request, options: &StackOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    session.skips_host = true;
    let engine = LazyEngine::new(pass::options(request));
    let Some(verified) = verify(&mut session, &[], &engine, Images::WhereNeeded) else {
        return Err(session.report());
    };
    let model = stacked(&verified.selected, &options.name);
    if !options.specs {
        let rendering = rendering::render(&model);
        session.sink.extend(rendering.lost);
        session.warn()?;
        return print(to_yaml(&rendering.root).as_bytes());
    }
    // Which node this is counts only where something of a node is mounted.
    let manager = super::manager(&engine).ok();
    let here =
        manager.as_ref().map(|manager| Here { id: manager.node.clone(), hostname: manager.hostname.clone() });
    let policy = verified.policy.as_ref();
    let mut stack =
        translate(&Question { model: &model, users: &verified.users, policy, here: here.as_ref() });
    session.sink.extend(std::mem::take(&mut stack.findings));
    if session.sink.has_errors() {
        return Err(session.report());
    }
    session.warn()?;
    super::deploy::say_notes(&stack);
    let text = serde_json::to_string_pretty(&specs(&stack, request.global.show_values));
    let text = text.map_err(|error| crate::run::failed(&error.into()))?;
    print(format!("{text}\n").as_bytes())
}

/// All that the engine is asked for. The content of secrets is not shown.
fn specs(stack: &Stack, shows: bool) -> Value {
    let list = |objects: &[Object], hides: bool| -> Vec<Value> {
        let own = objects.iter().filter(|object| !object.is_external);
        own.map(|object| {
            let mut spec = object.spec.clone();
            if let Some(data) = spec.get_mut("Data").filter(|_| hides) {
                *data = Value::from("(hidden)");
            }
            spec
        })
        .collect()
    };
    json!({
        "networks": list(&stack.networks, false),
        "secrets": list(&stack.secrets, !shows),
        "configs": list(&stack.configs, false),
        "services": list(&stack.services, false),
    })
}
