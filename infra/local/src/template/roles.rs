//! Roles as which API Gateway invokes functions. On AWS, a role that may not do it makes each request fail with 500. So the local cloud
//! refuses such a template.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::lenient::properties;
use super::names::{function_arn, policy_arn, role_arn};
use super::policies::{is_principal, like, statements, texts};
use super::resolver::Resolver;
use crate::plan::{ManagedPolicy, Plan, Role};

const SERVICE: &str = "apigateway.amazonaws.com";
const INVOKE: &str = "lambda:InvokeFunction";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleProperties {
    assume_role_policy_document: Value,
    #[serde(default)]
    policies: Vec<PolicyProperties>,
    #[serde(default)]
    managed_policy_arns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyProperties {
    policy_document: Value,
}

pub fn role(resolver: &Resolver, logical_id: &str, resolved: &Value) -> Result<Role> {
    let declared: RoleProperties = properties(resolved)?;
    let mut own = Vec::new();
    for policy in &declared.policies {
        own.extend(statements(&policy.policy_document)?);
    }
    Ok(Role {
        arn: role_arn(&resolver.name(logical_id)?),
        trust: statements(&declared.assume_role_policy_document)?,
        statements: own,
        managed_policies: declared.managed_policy_arns,
    })
}

pub fn managed_policy(resolver: &Resolver, logical_id: &str, resolved: &Value) -> Result<ManagedPolicy> {
    let declared: PolicyProperties = properties(resolved)?;
    Ok(ManagedPolicy {
        arn: policy_arn(&resolver.name(logical_id)?),
        statements: statements(&declared.policy_document)?,
    })
}

/// Checks that the API may invoke the functions of its routes.
pub fn check(plan: &Plan) -> Result<()> {
    for route in &plan.routes {
        // SAM adds the permission for a function's own event.
        if let Some(role) = &route.role {
            may_invoke(plan, role, &function_arn(&route.function))
                .with_context(|| format!("route `{}`", route.key()))?;
        }
    }
    Ok(())
}

fn may_invoke(plan: &Plan, role: &str, function: &str) -> Result<()> {
    let role = plan
        .roles
        .iter()
        .find(|known| known.arn == role)
        .with_context(|| format!("credentials: there is no role {role} in this template"))?;
    let trusts = role
        .trust
        .iter()
        .any(|statement| is_allow(statement, "sts:AssumeRole") && is_principal(statement.get("Principal"), SERVICE));
    ensure!(trusts, "the role {} does not trust {SERVICE}", role.arn);
    let managed = plan
        .managed_policies
        .iter()
        .filter(|policy| role.managed_policies.contains(&policy.arn));
    let mut statements = role
        .statements
        .iter()
        .chain(managed.flat_map(|policy| &policy.statements));
    let names = |statement: &Value| texts(statement.get("Resource")).iter().any(|text| like(text, function));
    ensure!(
        statements.any(|statement| is_allow(statement, INVOKE) && names(statement)),
        "the role {} has no policy of this template that allows {INVOKE} on {function}",
        role.arn
    );
    Ok(())
}

/// Whether a statement allows an action without a condition. A statement with a condition never counts: the local cloud does not know
/// whether it is true.
fn is_allow(statement: &Value, action: &str) -> bool {
    let actions = texts(statement.get("Action"));
    statement["Effect"] == "Allow"
        && statement.get("Condition").is_none()
        && actions
            .iter()
            .any(|pattern| like(&pattern.to_lowercase(), &action.to_lowercase()))
}
