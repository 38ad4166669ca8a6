//! How the image of a service is built.

use super::field::fields;

fields! {
    BUILD: Part = "build";
    CONTEXT: Text = "build.context";
    CONTEXTS: Named = "build.additional_contexts";
    DOCKERFILE: Text = "build.dockerfile";
    ENTITLEMENTS: Texts = "build.entitlements";
    SSH: Texts = "build.ssh";
    CACHE_FROM: Texts = "build.cache_from";
    CACHE_TO: Texts = "build.cache_to";
    NETWORK: Text = "build.network";
    PRIVILEGED: Flag = "build.privileged";
    TAGS: Texts = "build.tags";
    SECRETS: Entries = "build.secrets";
}
