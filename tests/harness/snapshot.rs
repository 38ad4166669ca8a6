//! Outcomes as snapshots, in `snapshots/<topic>/<test>.snap`.

/// Compares with the snapshot named after the test function, in the folder named after its module.
macro_rules! snapshot {
    ($value:expr) => {{
        let topic = module_path!().rsplit("::").next().unwrap_or_default();
        let mut settings = insta::Settings::clone_current();
        settings
            .set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots").to_owned() + "/" + topic);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!($value.to_string()));
    }};
}
pub(crate) use snapshot;
