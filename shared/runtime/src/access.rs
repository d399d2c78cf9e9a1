//! Who may call what. An endpoint names a permission as a type; a `Caller` of that type is the proof that it was checked, and the only
//! thing that yields the tenant whose data a handler may touch.

use crate::{Context, token::Claims};
use domain::{Actor, CustomerKey, EntityKind, Error, Permission as Held, Platform, Result, Tenant};
use std::marker::PhantomData;

/// What is asked of a caller. Plain data: tests and documents read it too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessRule {
    /// Anybody may, without credentials.
    pub public: bool,
    /// In the caller's own tenant.
    pub own: Option<Held>,
    /// For an account that was provisioned for a client of the caller's tenant.
    pub parent: Option<Held>,
    /// For any tenant.
    pub platform: Option<Held>,
}

impl AccessRule {
    const NOBODY: Self = Self {
        public: false,
        own: None,
        parent: None,
        platform: None,
    };

    const fn own_or_platform(own: Held, platform: Held) -> Self {
        Self {
            own: Some(own),
            platform: Some(platform),
            ..Self::NOBODY
        }
    }

    const fn platform(held: Held) -> Self {
        Self {
            platform: Some(held),
            ..Self::NOBODY
        }
    }
}

/// A permission as a type.
pub trait Permission: Send + Sync + 'static {
    const RULE: AccessRule;
    /// What a caller who holds it was let into.
    type Scope: Scope;
}

/// What a caller can be let into.
pub trait Scope: Sized + Send + Sync {
    fn enter(tenant: Option<&str>) -> Result<Self>;
}

impl Scope for Tenant {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where a tenant is proven for a request"
    )]
    fn enter(tenant: Option<&str>) -> Result<Self> {
        tenant
            .and_then(|key| key.parse().ok())
            .map(Self::proven)
            .ok_or(Error::NotFound(EntityKind::Customer))
    }
}

impl Scope for Platform {
    #[allow(clippy::disallowed_methods, reason = "as above, for what spans tenants")]
    fn enter(_: Option<&str>) -> Result<Self> {
        Ok(Self::proven())
    }
}

impl Scope for () {
    fn enter(_: Option<&str>) -> Result<Self> {
        Ok(())
    }
}

macro_rules! permission {
    ($(#[$says:meta])* $name:ident, $scope:ty, $rule:expr) => {
        $(#[$says])*
        pub struct $name;
        impl Permission for $name {
            const RULE: AccessRule = $rule;
            type Scope = $scope;
        }
    };
}

permission! {
    /// No credentials needed.
    Public, (), AccessRule { public: true, ..AccessRule::NOBODY }
}
permission! {
    ViewCustomer, Tenant,
    AccessRule::own_or_platform(Held::ViewCustomer, Held::PlatformAdminViewAllCustomers)
}
permission! {
    EditCustomer, Tenant,
    AccessRule::own_or_platform(Held::EditCustomer, Held::PlatformAdminEditAllCustomers)
}
permission! {
    /// Reading a customer: also as the parent of the account.
    ViewAccount, Tenant,
    AccessRule {
        parent: Some(Held::EditClient),
        ..AccessRule::own_or_platform(Held::ViewCustomer, Held::PlatformAdminViewAllCustomers)
    }
}
permission! {
    /// Deactivating and reactivating: also as the parent of the account.
    GovernAccount, Tenant,
    AccessRule {
        parent: Some(Held::EditClient),
        ..AccessRule::own_or_platform(Held::EditCustomer, Held::PlatformAdminEditAllCustomers)
    }
}
permission! {
    /// One tenant's data, by platform staff only.
    EditAnyCustomer, Tenant, AccessRule::platform(Held::PlatformAdminEditAllCustomers)
}
permission! {
    /// What spans tenants.
    ViewAllCustomers, Platform, AccessRule::platform(Held::PlatformAdminViewAllCustomers)
}
permission! {
    EditAllCustomers, Platform, AccessRule::platform(Held::PlatformAdminEditAllCustomers)
}

permission! {
    ViewClients, Tenant,
    AccessRule::own_or_platform(Held::ViewClient, Held::PlatformAdminViewAllCustomers)
}
permission! {
    EditClients, Tenant,
    AccessRule::own_or_platform(Held::EditClient, Held::PlatformAdminEditAllCustomers)
}

/// In which capacity somebody was let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capacity {
    Anybody,
    Own,
    Parent,
    Platform,
}

/// Somebody who was let in.
pub struct Caller<P: Permission> {
    scope: P::Scope,
    pub actor: Actor,
    pub capacity: Capacity,
    permission: PhantomData<P>,
}

impl<P: Permission> Caller<P> {
    pub(crate) fn new(scope: P::Scope, pass: &Pass) -> Self {
        Self {
            scope,
            actor: pass.actor.clone(),
            capacity: pass.capacity,
            permission: PhantomData,
        }
    }

    pub fn is_platform(&self) -> bool {
        self.capacity == Capacity::Platform
    }
}

impl<P: Permission<Scope = Tenant>> Caller<P> {
    pub fn tenant(&self) -> Tenant {
        self.scope
    }
}

impl<P: Permission<Scope = Platform>> Caller<P> {
    pub fn platform(&self) -> Platform {
        self.scope
    }
}

/// The outcome of a check that let somebody in.
pub(crate) struct Pass {
    pub actor: Actor,
    pub capacity: Capacity,
}

/// Lets a caller in, or says why not. `requested` is the route's `customerKey`, as it was given.
pub(crate) async fn admit(ctx: &Context, rule: &AccessRule, claims: &Claims, requested: Option<&str>) -> Result<Pass> {
    let actor = Actor::user(&claims.sub);
    let pass = |capacity| Pass {
        actor: actor.clone(),
        capacity,
    };
    // A client's user is no platform staff, whatever the roles say.
    if claims.client_id.is_none() && rule.platform.is_some_and(|held| claims.holds(held)) {
        return Ok(pass(Capacity::Platform));
    }
    let (Some(own), Some(requested)) = (rule.own, requested) else {
        return Err(missing(rule.platform));
    };
    let claimed = claims.customer_key.as_deref();
    let is_own = claimed == Some(requested);
    let as_parent = !is_own && rule.parent.is_some_and(|held| claims.holds(held));
    if !claims.holds(own) && !as_parent {
        return Err(missing(Some(own)));
    }
    // A client's users reach their client and nothing of the customer around it.
    if let Some(client) = &claims.client_id {
        return Err(Error::KeyMismatch {
            field: "clientKey",
            claimed: Some(client.clone()),
            requested: None,
        });
    }
    if is_own {
        return Ok(pass(Capacity::Own));
    }
    if as_parent && is_parent(ctx, claimed, requested).await? {
        return Ok(pass(Capacity::Parent));
    }
    Err(Error::KeyMismatch {
        field: "customerKey",
        claimed: claims.customer_key.clone(),
        requested: Some(requested.to_owned()),
    })
}

async fn is_parent(ctx: &Context, claimed: Option<&str>, requested: &str) -> Result<bool> {
    let parse = |key: &str| key.parse::<CustomerKey>().ok();
    match (claimed.and_then(parse), parse(requested)) {
        (Some(parent), Some(account)) => ctx.customers().is_account_of(account, parent).await,
        _ => Ok(false),
    }
}

fn missing(permission: Option<Held>) -> Error {
    Error::Forbidden {
        // Every rule that gets here names one; a rule that names none lets nobody in.
        permission: permission.unwrap_or(Held::PlatformAdminEditAllCustomers),
        reason: "the caller's roles do not hold it",
    }
}
