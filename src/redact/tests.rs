use std::path::Path;

use super::*;

fn redactor(compose: &str, dotenv: &str, environment: &[(&str, &str)]) -> (Redactor, Inputs) {
    let mut inputs = Inputs::default();
    inputs.add("compose.yaml", Path::new("/p/compose.yaml"), compose);
    inputs.add(".env", Path::new("/p/.env"), dotenv);
    inputs.read_env(Path::new("/p/.env"), ".env").unwrap();
    let environment =
        Environment::new(environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    (Redactor::new(&inputs, &environment, &|_, _| None), inputs)
}

#[test]
fn names_of_secrets_are_told_from_names_about_secrets() {
    for name in [
        "DB_PASSWORD",
        "dbPassword",
        "TOKEN",
        "github.token",
        "AWS_SECRET_ACCESS_KEY",
        "API_KEY",
        "PGPASSWORD",
        "MYSQL_PWD",
    ] {
        assert!(names_secret(name), "{name}");
    }
    for name in [
        "PWD",
        "secrets",
        "DB_PASSWORD_FILE",
        "TOKEN_TTL",
        "KEY",
        "KEYBOARD",
        "AUTHOR",
        "PASSAGE",
        "TOKENIZER",
        "SECRET_NAME",
    ] {
        assert!(!names_secret(name), "{name}");
    }
}

#[test]
fn a_value_as_written_keeps_its_expressions_and_loses_its_credentials() {
    let cases = [
        ("DB_PASSWORD", "hunter2", "[redacted]"),
        ("DB_PASSWORD", "${DB_PASSWORD:?set it}", "${DB_PASSWORD:?set it}"),
        ("DB_PASSWORD", "${DB_PASSWORD:-hunter2}", "${DB_PASSWORD:-[redacted]}"),
        ("DB_PASSWORD", "a-${X}-b", "[redacted]${X}[redacted]"),
        ("ALLOW_EMPTY_PASSWORD", "yes", "yes"),
        ("URL", "postgres://app:hunter2@db/x", "postgres://app:[redacted]@db/x"),
        ("URL", "postgres://app:${PW}@db/x", "postgres://app:${PW}@db/x"),
        ("URL", "x ${DB_TOKEN:-abc} y", "x ${DB_TOKEN:-[redacted]} y"),
        ("", "--password=hunter2", "--password=[redacted]"),
        ("", "serve --token hunter2 --port 80", "serve --token [redacted] --port 80"),
        ("", "curl -H x ghp_abcdefghijkLMNOP0123456789", "curl -H x [redacted]"),
        (
            "image",
            "app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ),
        ("", "ApplicationConfigurationV2ServiceFactory", "ApplicationConfigurationV2ServiceFactory"),
        ("", "Zk3v9QbT1xLm82RwPa0YcD4eUs", "[redacted]"),
        (
            "",
            "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----[redacted]-----END PRIVATE KEY-----",
        ),
    ];
    for (name, given, expected) in cases {
        assert_eq!(written(name, given), expected, "{name}: {given}");
    }
}

#[test]
fn messages_show_names_instead_of_values() {
    let (redactor, _) = redactor(
        "services: {a: {image: \"${IMAGE}\", environment: [INHERITED]}}",
        "FROM_FILE='first second'\nSHORT=abcd\n",
        &[("IMAGE", "registry.example/canary"), ("INHERITED", "canary:two-parts"), ("UNUSED", "harmless")],
    );
    let cases = [
        ("image registry.example/canary is odd", "image ${IMAGE} is odd"),
        ("\"canary:two-parts\"", "\"${INHERITED}\""),
        ("only two-parts", "only ${INHERITED}"),
        ("first second", "${FROM_FILE}"),
        ("abcd, abcdef", "${SHORT}, abcdef"),
        ("harmless", "harmless"),
    ];
    for (given, expected) in cases {
        assert_eq!(redactor.text(given), expected);
        assert_eq!(Redactor::off().text(given), given);
    }
}

#[test]
fn sources_are_shown_with_stars_of_the_same_length() {
    let compose = "a:\n  DB_PASSWORD: hunter2 # x\n  - API_TOKEN=é123\n  pw: |\n    line one\n  secrets: [db_password]\n  x: {password: \"q w\", port: 80}\n";
    let (redactor, inputs) = redactor(compose, "A=b c\n# note\nD: 'e'\nalone\n", &[]);
    let clean = redactor.sources(inputs.sources());
    let texts: Vec<&str> = clean.iter().map(|file| &*file.text).collect();
    assert_eq!(
        texts,
        [
            "a:\n  DB_PASSWORD: ******* # x\n  - API_TOKEN=*****\n  pw: |\n    ********\n  secrets: [db_password]\n  x: {password: *****, port: 80}\n",
            "A=***\n# note\nD: ***\n*****\n"
        ]
    );
    assert!(clean.iter().zip(inputs.sources().iter()).all(|(a, b)| a.text.len() == b.text.len()));
}

#[test]
fn the_name_of_the_project_is_no_secret() {
    let dotenv = "COMPOSE_PROJECT_NAME=storefront\nCOMPOSE_TOKEN=hunter2hunter2\nOWNER=someone-else\n";
    let environment = [("COMPOSE_PROJECT_NAME", "storefront"), ("COMPOSE_FILE", "compose.yaml:shop.yaml")];
    let (redactor, _) = redactor("name: ${COMPOSE_PROJECT_NAME} # COMPOSE_FILE\n", dotenv, &environment);
    assert_eq!(
        redactor.text("storefront-db-1 of shop.yaml: someone-else hunter2hunter2"),
        "storefront-db-1 of shop.yaml: ${OWNER} ${COMPOSE_TOKEN}"
    );
}

/// Values that begin with, contain and overlap each other, beside what comes of trying each of them.
#[test]
fn values_are_replaced_as_if_each_were_looked_for() {
    let values = ["abcabcabcabc", "abcabcab", "abcabcabc", "bcabcabca", "cabcabcabcabcabcd", "zabcabcab"];
    let environment: Vec<(String, String)> =
        values.iter().enumerate().map(|(at, value)| (format!("V{at}"), (*value).to_owned())).collect();
    let named = environment.iter().map(|(name, _)| format!("${name}")).collect::<Vec<_>>().join(" ");
    let pairs: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (redactor, _) = redactor(&named, "", &pairs);
    let mut longest = environment.clone();
    longest.sort_by(|(_, a), (_, b)| b.len().cmp(&a.len()).then(a.cmp(b)));
    for text in
        ["abcabcabcabcabcabcabcd", "xyzabcabcabcabc xyz", "-xyz-abcabcabcabc", "cabcabcabcabcabcabcdxyz", ""]
    {
        let mut pieces = vec![(text.to_owned(), false)];
        for (name, value) in &longest {
            pieces = pieces.into_iter().flat_map(|(piece, done)| split(piece, done, value, name)).collect();
        }
        let expected: String = pieces.into_iter().map(|(piece, _)| piece).collect();
        assert_eq!(redactor.text(text), expected, "{text}");
    }
}

fn split(piece: String, done: bool, value: &str, name: &str) -> Vec<(String, bool)> {
    if done {
        return vec![(piece, true)];
    }
    let mut parts = Vec::new();
    for (at, part) in piece.split(value).enumerate() {
        if at > 0 {
            parts.push((format!("${{{name}}}"), true));
        }
        parts.push((part.to_owned(), false));
    }
    parts
}

/// A file may have a hundred thousand places to hide, and one place that has them all in it.
#[test]
fn every_place_is_starred_once() {
    let keys = "PASSWORD: hunter2-hunter2\n".repeat(100_000);
    let text = format!("{keys}x: {}\n", "-----BEGIN PRIVATE KEY-----".repeat(20_000));
    let (redactor, inputs) = redactor(&text, &"A=\"x\n".repeat(100_000), &[]);
    let shown = redactor.sources(inputs.sources());
    let shown: Vec<&str> = shown.iter().map(|file| &*file.text).collect();
    assert!(shown[0].len() == text.len() && !shown[0].contains("hunter2"));
    assert!(shown[0].ends_with("***\n") && shown[0].starts_with("PASSWORD: ***************\n"));
    assert!(shown[1].lines().all(|line| line == "A=**"));
}

#[test]
fn the_name_of_a_variable_is_never_hidden() {
    for spelling in [
        "${DB_PASSWORD:?must be set, see README}",
        "${DB_PASSWORD?set the password}",
        "${DB_PASSWORD}",
        "$DB_PASSWORD",
        "${DB_PASSWORD:?}",
        "'${DB_PASSWORD:?must be set, see README}'",
    ] {
        let compose = format!("services: {{a: {{environment: {{DB_PASSWORD: {spelling}}}}}}}");
        let (redactor, _) = redactor(&compose, "STORE=pg://app:${STORE_PASSWORD-}@store/app", &[]);
        for message in [
            "required variable DB_PASSWORD is missing a value: must be set, see README",
            "needed for services.web.environment.DB_PASSWORD",
            "Set STORE_PASSWORD in the environment or in an env file.",
        ] {
            assert_eq!(redactor.text(message), message, "{spelling}");
        }
    }
    let (redactor, _) = redactor("a: {environment: {DB_PASSWORD: '${X:-hunter2long}'}}", "", &[]);
    assert_eq!(redactor.text("is hunter2long"), "is [redacted]");
}

/// The excerpt of a file as well: nobody can mend a line of stars.
#[test]
fn an_expression_is_shown_and_what_stands_beside_it_is_not() {
    for (line, shown) in [
        ("API_KEY: ${API_KEY}", "API_KEY: ${API_KEY}"),
        ("API_KEY: ${API_KEY:?set the key, see README}", "API_KEY: ${API_KEY:?set the key, see README}"),
        ("API_KEY: ${A:-${B}}", "API_KEY: ${A:-${B}}"),
        ("x: {API_KEY: ${API_KEY}, B: c}", "x: {API_KEY: ${API_KEY}, B: c}"),
        ("API_KEY: ${A:-hunter2long}", "API_KEY: *****************"),
        ("API_KEY: ${A}hunter2long", "API_KEY: ***************"),
        ("API_KEY: ${A, hunter2long", "API_KEY: ***, hunter2long"),
        ("API_KEY=${API_KEY} x", "API_KEY=${API_KEY} x"),
    ] {
        let (redactor, inputs) = redactor(line, "", &[]);
        let sources = redactor.sources(inputs.sources());
        assert_eq!(&*sources.iter().next().unwrap().text, shown, "{line}");
    }
}

#[test]
fn a_word_that_names_something_of_the_project_is_never_hidden() {
    let compose = "services:\n  postgres:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: postgres\n  database:\n    image: b\n    environment: {A: '${DB_HOST}', C: '${K}'}\n";
    let (redactor, _) = redactor(compose, "DB_HOST=database\nK=kept-value\n", &[]);
    for message in [
        "services.postgres is privileged",
        "postgres:16 ./data → /var/lib/postgresql/data",
        "Did you mean `database`?",
    ] {
        assert_eq!(redactor.text(message), message);
    }
    assert_eq!(redactor.text("it is kept-value"), "it is ${K}");
}

#[test]
fn a_secret_with_a_dollar_in_it_is_hidden_whole() {
    let (redactor, _) = redactor(
        "services: {a: {environment: {DB_PASSWORD: 'pa$$word1234', X: '${LITERAL}', Y: '${QUOTED}'}}}",
        "QUOTED='qu$oted5678'\n",
        &[("LITERAL", "li$teral9012"), ("QUOTED", "qu$oted5678")],
    );
    for secret in ["pa$word1234", "pa$$word1234", "li$teral9012", "qu$oted5678"] {
        let shown = redactor.text(&format!("it is {secret}")).into_owned();
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn what_is_no_plain_value_is_hidden_whole_where_the_file_cannot_be_read() {
    for text in [
        "environment: {DB_PASSWORD: {a: hunter2XYZ}}\n",
        "DB_PASSWORD: [hunter2XYZ\nb: c\n",
        "DB_PASSWORD:\n  - hunter2XYZ\n  - more\nimage: x\n",
        "DB_PASSWORD: !!str hunter2XYZ\n",
        "DB_PASSWORD: &x hunter2XYZ\n",
        "API_TOKEN: # why\n  a: hunter2XYZ\n",
        "DB_PASSWORD:\n- hunter2XYZ\n",
    ] {
        let (redactor, inputs) = redactor(text, "", &[]);
        let shown = redactor.sources(inputs.sources());
        let all: String = shown.entries().map(|(_, file)| file.text.to_string()).collect();
        assert!(!all.contains("hunter2XYZ"), "{text}{all}");
        let said = redactor.text("hunter2XYZ is no string");
        assert!(!said.contains("hunter2XYZ"), "{text}{said}");
    }
    let (redactor, inputs) = redactor("image: [x]\nports: {a: b}\n", "", &[]);
    assert_eq!(
        &*redactor.sources(inputs.sources()).entries().next().unwrap().1.text,
        "image: [x]\nports: {a: b}\n"
    );
}
