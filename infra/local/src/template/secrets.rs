//! Secrets: generates them, and replaces `{{resolve:secretsmanager:…}}` by their values.

use anyhow::{Context, Result, ensure};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use crate::plan::{Secret, SecretRecipe};

/// Generates a secret.
pub fn generate(recipe: &SecretRecipe) -> Result<String> {
    let random = SystemRandom::new();
    let mut text = String::new();
    for _ in 0..recipe.length {
        let mut bytes = [0; 4];
        random
            .fill(&mut bytes)
            .ok()
            .context("could not get random numbers from the system")?;
        // Four bytes for an alphabet of fewer than a hundred characters: the bias of the remainder is negligible.
        text.push(recipe.alphabet[u32::from_le_bytes(bytes) as usize % recipe.alphabet.len()]);
    }
    Ok(match &recipe.inside {
        None => text,
        Some((template, key)) => {
            let mut object = template.clone();
            object.insert(key.clone(), text.into());
            Value::Object(object).to_string()
        }
    })
}

/// Replaces every reference to a secret in `text`.
pub fn fill_in(text: &str, secrets: &[(Secret, String)]) -> Result<String> {
    const OPEN: &str = "{{resolve:secretsmanager:";
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (reference, remaining) = after.split_once("}}").with_context(|| format!("{OPEN} without }}}}"))?;
        out.push_str(before);
        out.push_str(&look_up(reference, secrets)?);
        rest = remaining;
    }
    out.push_str(rest);
    Ok(out)
}

/// `id[:SecretString[:key[:stage[:version]]]]`, where the id is a name or an ARN.
fn look_up(reference: &str, secrets: &[(Secret, String)]) -> Result<String> {
    let belongs = |secret: &Secret| {
        [&secret.arn, &secret.name].into_iter().find_map(|id| {
            let rest = reference.strip_prefix(id.as_str())?;
            (rest.is_empty() || rest.starts_with(':')).then_some(rest)
        })
    };
    let (rest, value) = secrets
        .iter()
        .find_map(|(secret, value)| belongs(secret).map(|rest| (rest, value)))
        .with_context(|| format!("there is no secret `{reference}` in this template"))?;
    let mut parts = rest.split(':').skip(1);
    let field = parts.next().unwrap_or("SecretString");
    ensure!(
        field.is_empty() || field == "SecretString",
        "a secret has a SecretString, but no {field}"
    );
    match parts.next() {
        None | Some("") => Ok(value.clone()),
        Some(key) => {
            let object: Value = serde_json::from_str(value).context("the secret is not JSON, so it has no keys")?;
            let found = object
                .get(key)
                .with_context(|| format!("the secret has no key `{key}`"))?;
            Ok(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SecretValue;

    fn secret(name: &str, value: &str) -> (Secret, String) {
        let arn = crate::template::names::secret_arn(name);
        (
            Secret {
                name: name.to_owned(),
                arn,
                value: SecretValue::Given(value.to_owned()),
            },
            value.to_owned(),
        )
    }

    #[test]
    fn references_by_name_and_by_arn_are_replaced() {
        let secrets = [secret("pepper", "hot"), secret("db", r#"{"user":"u","port":5}"#)];
        let fill = |text: &str| fill_in(text, &secrets).unwrap();
        assert_eq!(fill("x{{resolve:secretsmanager:pepper}}y"), "xhoty");
        assert_eq!(fill("{{resolve:secretsmanager:db:SecretString:user}}"), "u");
        let arn = &secrets[1].0.arn;
        assert_eq!(
            fill(&format!("{{{{resolve:secretsmanager:{arn}:SecretString:port::}}}}")),
            "5"
        );
        assert!(fill_in("{{resolve:secretsmanager:peppermint}}", &secrets).is_err());
    }

    #[test]
    fn a_generated_secret_follows_its_recipe() {
        let recipe = SecretRecipe {
            length: 40,
            alphabet: vec!['a', 'b'],
            inside: None,
        };
        let generated = generate(&recipe).unwrap();
        assert_eq!(generated.len(), 40);
        assert!(generated.chars().all(|c| c == 'a' || c == 'b'));
        let template = serde_json::from_str(r#"{"user":"u"}"#).unwrap();
        let generated = generate(&SecretRecipe {
            inside: Some((template, "password".to_owned())),
            ..recipe
        })
        .unwrap();
        assert!(generated.starts_with(r#"{"user":"u","password":""#), "{generated}");
    }
}
