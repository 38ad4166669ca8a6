//! What looks like a credential, by its name or by its shape.

use std::borrow::Cow;
use std::ops::Range;

use crate::project::template;

use super::{REDACTED, glance};

/// Words of a name that make its value a secret.
pub(super) const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "pass",
    "pwd",
    "pw",
    "secret",
    "secrets",
    "token",
    "tokens",
    "apikey",
    "credential",
    "credentials",
    "creds",
    "auth",
    "authorization",
    "bearer",
    "jwt",
    "cookie",
    "salt",
    "pepper",
    "htpasswd",
    "basicauth",
    "dsn",
];

/// Words that make a `key` a secret one.
const KEY_WORDS: &[&str] = &[
    "api",
    "private",
    "access",
    "secret",
    "signing",
    "encryption",
    "master",
    "account",
    "ssh",
    "deploy",
    "app",
];

/// Last words of a name that tell something about a secret, not the secret.
const ABOUT: &[&str] = &[
    "file",
    "files",
    "path",
    "dir",
    "directory",
    "name",
    "id",
    "ttl",
    "expiry",
    "expires",
    "expiration",
    "length",
    "type",
    "enabled",
    "required",
    "algorithm",
    "method",
    "mode",
    "host",
    "port",
    "timeout",
    "url",
    "uri",
    "endpoint",
    "provider",
    "policy",
    "header",
    "count",
    "limit",
    "size",
    "days",
    "hours",
    "minutes",
    "seconds",
];

/// Values of a secret name that are switches.
const SWITCHES: &[&str] =
    &["", "true", "false", "yes", "no", "on", "off", "null", "~", "none", "required", "optional", "[]", "{}"];

/// What follows a prefix is at least so long, and a random word is longer still.
pub(super) const SHORTEST_SHAPE: usize = 12;

/// Random-looking words are at least so long.
pub(super) const SHORTEST_WORD: usize = 24;

/// How tokens of well-known services begin.
pub(super) const PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxs-",
    "xapp-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "pk_live_",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "npm_",
    "pypi-",
    "dop_v1_",
    "hvs.",
    "eyJ",
    "SG.",
    "shpat_",
    "sq0csp-",
    "whsec_",
    "dckr_pat_",
    "AGE-SECRET-KEY-",
];

/// Whether a variable, a label or an option of this name holds a secret.
pub fn names_secret(name: &str) -> bool {
    glance::may_name(name) && is_secret_name(name)
}

pub(super) fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    if words.as_slice() == ["pwd"] || words.as_slice() == ["oldpwd"] || words.as_slice() == ["secrets"] {
        return false;
    }
    let Some(last) = words.last() else { return false };
    if ABOUT.contains(&last.as_str()) {
        return false;
    }
    let key = last == "key" || last == "keys";
    let of_key = key && words.iter().any(|word| KEY_WORDS.contains(&word.as_str()));
    of_key || words.iter().any(|word| SECRET_WORDS.contains(&word.as_str()) || word.ends_with("password"))
}

/// `dbPassword`, `DB_PASSWORD`, `db.password` as `db`, `password`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut lower_before = false;
    for character in name.chars() {
        if character.is_alphanumeric() {
            if character.is_uppercase() && lower_before {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(character.to_lowercase());
            }
        } else {
            words.push(String::new());
        }
        lower_before = character.is_lowercase() || character.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a text is shown as it is: no expression stands in it, and no credential.
pub fn is_plain(name: &str, text: &str) -> bool {
    !names_secret(name) && glance::is_plain(text)
}

/// A value as written, without what looks like a credential; `${…}` stays, but not a default that is one.
pub fn written<'t>(name: &str, text: &'t str) -> Cow<'t, str> {
    if names_secret(name) && !is_switch(text) {
        return Cow::Owned(only_expressions(text));
    }
    if glance::is_harmless(text) || !is_worth_a_look(text) {
        return Cow::Borrowed(text);
    }
    let mut ranges = [in_text(text), defaults(text)].concat();
    if text.contains('\n') {
        // A configuration of something else, most likely.
        ranges.extend(in_yaml(text));
    }
    replace(text, ranges)
}

/// Most values are short words. Those that can be no credential are not taken apart.
fn is_worth_a_look(text: &str) -> bool {
    text.len() >= SHORTEST_SHAPE
        || text.contains(['=', '$', '@'])
        || text.contains("--")
        || text.contains("-u")
}

fn is_switch(text: &str) -> bool {
    let text = text.trim();
    SWITCHES.contains(&text.to_ascii_lowercase().as_str())
        || text == REDACTED
        || text.starts_with("/run/secrets/")
        || text.len() < 3 && text.chars().all(|c| c.is_ascii_digit())
}

/// The expressions of a secret value; everything else of it is left out.
fn only_expressions(text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    let redact = |piece: &str, out: &mut String| {
        if !piece.is_empty() && !out.ends_with(REDACTED) {
            out.push_str(REDACTED);
        }
    };
    for range in expressions(text) {
        redact(text.get(at..range.start).unwrap_or_default(), &mut out);
        let expression = text.get(range.clone()).unwrap_or_default();
        out.push_str(&without_default(expression));
        at = range.end;
    }
    redact(text.get(at..).unwrap_or_default(), &mut out);
    out
}

/// `${NAME:-word}` with its word left out, where that is a literal.
fn without_default(expression: &str) -> String {
    match word_of(expression) {
        Some(word) => {
            let (before, after) = (expression.get(..word.start), expression.get(word.end..));
            let word = expression.get(word).unwrap_or_default();
            let clean = if is_switch(word) { word.to_owned() } else { only_expressions(word) };
            format!("{}{clean}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        None => expression.to_owned(),
    }
}

/// The word of `:-`, `-`, `:+` or `+`; that of `?` is a message.
fn word_of(expression: &str) -> Option<Range<usize>> {
    let inner = expression.strip_prefix("${")?.strip_suffix('}')?;
    let name = inner.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
    let operator = inner.get(name..)?;
    let skip = match operator.as_bytes() {
        [b':', b'-' | b'+', ..] => 2,
        [b'-' | b'+', ..] => 1,
        _ => return None,
    };
    Some(2 + name + skip..expression.len() - 1)
}

fn expressions(text: &str) -> Vec<Range<usize>> {
    if !text.contains('$') {
        return Vec::new();
    }
    // Any value will do: only the places are wanted.
    match template::expand(text, &|_| Some("x".to_owned())) {
        Ok(expansion) => expansion.used.into_iter().map(|used| used.range).collect(),
        Err(_) => Vec::new(),
    }
}

/// Defaults of variables whose name says that they are secret.
pub(super) fn defaults(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for range in expressions(text) {
        let expression = text.get(range.clone()).unwrap_or_default();
        let Some(word) = word_of(expression) else { continue };
        let name: String =
            expression.chars().skip(2).take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let text = expression.get(word.clone()).unwrap_or_default();
        if names_secret(&name) && !is_switch(text) && !text.contains('$') {
            found.push(range.start + word.start..range.start + word.end);
        }
    }
    found
}

/// A message without credentials.
pub(super) fn in_message(text: &str) -> Cow<'_, str> {
    replace(text, in_text(text))
}

fn replace(text: &str, mut ranges: Vec<Range<usize>>) -> Cow<'_, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        if range.end <= at {
            continue;
        }
        if range.start >= at {
            out.push_str(text.get(at..range.start).unwrap_or_default());
            out.push_str(REDACTED);
        }
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

/// Credentials in any text: passwords of URLs, private keys, tokens by their look, `--password value`,
/// `password=value`.
pub(super) fn in_text(text: &str) -> Vec<Range<usize>> {
    let mut found = private_keys(text);
    let mut earlier = None;
    let mut after_user = false;
    for word in tokens(text) {
        let token = text.get(word.clone()).unwrap_or_default();
        if let Some(password) = url_password(token) {
            found.push(shift(&password, word.start));
        }
        if let Some(value) = assignment(token) {
            found.push(shift(&value, word.start));
        } else if let Some(flag) = earlier.take()
            && names_secret(flag)
            && !token.starts_with('-')
            && !token.contains('$')
            && !is_switch(token)
        {
            found.push(word.clone());
        }
        if std::mem::take(&mut after_user)
            && let Some(password) = user_password(token)
        {
            found.push(shift(&password, word.start));
        }
        after_user = matches!(token, "-u" | "--user");
        earlier = token.strip_prefix("--").filter(|flag| !flag.contains('='));
        found.extend(by_shape(token).into_iter().map(|range| shift(&range, word.start)));
    }
    found
}

/// Everything that looks like one in a file as it was written.
pub(super) fn in_file(text: &str) -> Vec<Range<usize>> {
    let mut found = in_yaml(text);
    found.extend(in_text(text));
    let mut start = 0;
    // Line by line, so that one malformed expression does not hide the others.
    for line in text.split_inclusive('\n') {
        found.extend(defaults(line).iter().map(|range| shift(range, start)));
        start += line.len();
    }
    found
}

/// Where a text is YAML, also what stands behind `password:`.
pub(super) fn in_yaml(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    // The indentation of a secret key whose value is a block below it.
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        match block {
            Some(outer) if content.is_empty() || indent > outer => {
                found.push(start + indent.min(content.len())..start + content.len());
            }
            _ => {
                block = None;
                for value in yaml_values(content) {
                    let text = content.get(value.clone()).unwrap_or_default();
                    if text.starts_with(['|', '>']) {
                        block = Some(indent);
                    } else {
                        found.push(shift(&value, start));
                    }
                }
            }
        }
        start += line.len();
    }
    found
}

/// Whether something other than a plain value stands behind a secret name: what it holds is not told by the line.
pub(super) fn is_unclear(text: &str) -> bool {
    text.lines().any(|line| openings(line).next().is_some())
}

/// Everything that stands behind such a name, to the end of the line and in what is indented below it.
pub(super) fn all_below(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        let is_item = content.trim_start().starts_with("- ");
        match block {
            Some(outer) if content.is_empty() || indent > outer || indent == outer && is_item => {
                found.push(start + indent.min(content.len())..start + content.len());
            }
            _ => {
                block = openings(content).next().map(|at| {
                    found.push(start + at..start + content.len());
                    indent
                });
            }
        }
        start += line.len();
    }
    found
}

/// Where, on a line, something begins behind a secret name that is neither a plain value nor a block of text.
fn openings(line: &str) -> impl Iterator<Item = usize> + '_ {
    line.match_indices(':').filter_map(|(at, _)| {
        let rest = line.get(at + 1..)?;
        let value = rest.trim_start();
        let is_open =
            value.is_empty() || value.len() < rest.len() && value.starts_with(['[', '{', '&', '!', '#']);
        let name = name_before(line, at);
        (is_open && names_secret(name)).then(|| at + 1 + rest.len() - value.len())
    })
}

/// The name that ends at a sign.
fn name_before(line: &str, at: usize) -> &str {
    let before = line.get(..at).unwrap_or_default().trim_end_matches(['"', '\'']);
    let start = before.rfind(|c: char| !(c.is_alphanumeric() || "_-.".contains(c))).map_or(0, |at| at + 1);
    before.get(start..).unwrap_or_default().trim_start_matches('-')
}

/// The values on a line that stand behind a secret name: `NAME: value`, `NAME=value`, several in braces.
fn yaml_values(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut until = 0;
    for (at, sign) in line.char_indices().filter(|(_, c)| matches!(c, ':' | '=')) {
        // Within a value that is hidden as a whole.
        if at < until {
            continue;
        }
        let name = name_before(line, at);
        let rest = line.get(at + 1..).unwrap_or_default();
        let value_start = at + 1 + (rest.len() - rest.trim_start().len());
        if sign == ':' && value_start == at + 1 || !names_secret(name) {
            continue;
        }
        let value = line.get(value_start..).unwrap_or_default();
        // What is no scalar is looked at on its own.
        if value.starts_with(['[', '{', '&', '*', '!', '#']) {
            continue;
        }
        let length = scalar_length(value, sign == '=');
        let bare = value.get(..length).unwrap_or_default().trim_matches(['"', '\'']);
        if !is_switch(bare) && !is_expression(bare) {
            until = value_start + length;
            found.push(value_start..until);
        }
    }
    found
}

/// Whether a text is one expression without a literal default.
fn is_expression(text: &str) -> bool {
    let is_literal_free = |word: &str| is_switch(word) || is_expression(word);
    expressions(text).contains(&(0..text.len()))
        && word_of(text).is_none_or(|word| is_literal_free(text.get(word).unwrap_or_default()))
}

fn scalar_length(value: &str, assigned: bool) -> usize {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote
        && let Some(end) = value.get(1..).and_then(|rest| rest.find(quote))
    {
        return end + 2;
    }
    // A quote inside an expression does not end the value.
    let from = after_expression(value);
    let rest = value.get(from..).unwrap_or_default();
    let end = if assigned { rest.find(['"', '\'', ' ', ',']) } else { rest.find([',', '}']) };
    end.or_else(|| rest.find(" #")).map_or(value.len(), |end| from + end)
}

/// The end of the expression with which a value begins; 0 where it begins with none that is closed.
fn after_expression(value: &str) -> usize {
    if !value.starts_with("${") {
        return 0;
    }
    let mut depth = 0;
    let mut earlier = ' ';
    for (at, character) in value.char_indices() {
        match character {
            '{' if earlier == '$' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && character == '}' {
            return at + 1;
        }
        earlier = character;
    }
    0
}

fn shift(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let separates = |c: char| c.is_whitespace() || "\"'`<>()[]{},;|".contains(c);
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + rest.find(|c: char| !separates(c))?;
        let length = text.get(start..)?.find(separates).unwrap_or(text.len() - start);
        at = start + length;
        Some(start..at)
    })
}

/// The password in `scheme://user:password@host`.
fn url_password(token: &str) -> Option<Range<usize>> {
    let start = token.find("://")? + 3;
    let authority = token.get(start..)?;
    let authority = authority.get(..authority.find(['/', '?', '#']).unwrap_or(authority.len()))?;
    let (user, _) = authority.rsplit_once('@')?;
    let password = match user.find(':') {
        Some(colon) => start + colon + 1..start + user.len(),
        // A user alone may be a token.
        None if user.len() >= 16 => start..start + user.len(),
        None => return None,
    };
    let text = token.get(password.clone())?;
    (!text.is_empty() && !text.starts_with('$') && text != REDACTED).then_some(password)
}

/// The password in `user:password`, which is no pair of ids.
fn user_password(token: &str) -> Option<Range<usize>> {
    let (user, password) = token.split_once(':')?;
    let ids = password.bytes().all(|byte| byte.is_ascii_digit());
    (!user.is_empty() && !ids && !password.contains(['$', '/'])).then(|| user.len() + 1..token.len())
}

/// The value in `password=value`, `--password=value`, `x.secret=value`.
fn assignment(token: &str) -> Option<Range<usize>> {
    let sign = token.find('=')?;
    let name = token.get(..sign)?;
    let name = name.rsplit(['?', '&', '/', ':']).next().unwrap_or(name);
    let value = token.get(sign + 1..)?;
    let end = value.find('&').unwrap_or(value.len());
    let value = value.get(..end)?;
    (names_secret(name) && !value.contains('$') && !is_switch(value)).then(|| sign + 1..sign + 1 + end)
}

fn private_keys(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(begin) = text.get(from..).and_then(|rest| rest.find("-----BEGIN ")) {
        let start = from + begin;
        let rest = text.get(start..).unwrap_or_default();
        let header = rest.get(11..).and_then(|rest| rest.find("-----")).map_or(rest.len(), |at| at + 16);
        let is_private = rest.get(..header).is_some_and(|header| header.contains("PRIVATE KEY"));
        from = start + header.max(11).min(rest.len());
        if is_private {
            // All of it is hidden, so that nothing in it needs to be looked at.
            let end = rest.find("-----END ").unwrap_or(rest.len());
            found.push(start + header.min(end)..start + end);
            from = from.max(start + end);
        }
    }
    found
}

/// Tokens of services by their prefix, and long random-looking words.
fn by_shape(token: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if token.len() < SHORTEST_SHAPE {
        return found;
    }
    let joint = |c: char| matches!(c, '/' | ':' | '=' | '@' | '?' | '&' | '$');
    let mut start = 0;
    for piece in token.split(joint) {
        let well_known = piece.len() >= SHORTEST_SHAPE
            && PREFIXES.iter().any(|prefix| {
                piece.strip_prefix(prefix).is_some_and(|rest| rest.len() >= SHORTEST_SHAPE && is_opaque(rest))
            });
        if well_known || looks_random(piece) {
            found.push(start..start + piece.len());
        }
        start += piece.len() + 1;
    }
    found
}

fn is_opaque(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Letters of both cases and digits, changing all the time: nothing that a person would name.
fn looks_random(text: &str) -> bool {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    if text.len() < SHORTEST_WORD || !text.bytes().all(|byte| kind(byte) > 0 || b"+-_".contains(&byte)) {
        return false;
    }
    let kinds: Vec<u8> = text.bytes().map(kind).collect();
    let changes = kinds.iter().zip(kinds.iter().skip(1)).filter(|(a, b)| a != b).count();
    [1, 2, 3].iter().all(|kind| kinds.contains(kind)) && changes * 4 >= text.len()
}
