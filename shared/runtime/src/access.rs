//! Who may call what. An endpoint names a permission as a type; a `Caller` of that type is the proof that it was checked, and the only
//! thing that yields the tenant whose data a handler may touch.

use crate::{Context, token::Claims};
use domain::{
    Actor, CustomerKey, Error, Kind, Owner, Permission as Held, Platform, Result, Tenant, client::Client,
    customer::Customer, plaintext::redact,
};
use std::marker::PhantomData;

/// What is asked of a caller. Plain data: tests and documents read it too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessRule {
    /// Anybody may, without credentials.
    pub public: bool,
    /// In the caller's own tenant.
    pub own: Option<Held>,
    /// As `own`, where the path names one of the tenant's clients. It is also what that client's users need.
    pub client: Option<Held>,
    /// For an account that was provisioned for a client of the caller's tenant.
    pub parent: Option<Held>,
    /// For any tenant.
    pub platform: Option<Held>,
}

impl AccessRule {
    const NOBODY: Self = Self {
        public: false,
        own: None,
        client: None,
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

    const fn clients_or_platform(held: Held, platform: Held) -> Self {
        Self {
            client: Some(held),
            ..Self::own_or_platform(held, platform)
        }
    }

    /// What is asked at a route that names a client, or at one that doesn't.
    pub const fn at_route(self, of_client: bool) -> Self {
        match of_client {
            true => Self {
                own: self.client,
                ..self
            },
            false => self,
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
    /// `tenant` and `client` as the path names them.
    fn enter(tenant: Option<&str>, client: Option<&str>) -> Result<Self>;
}

impl Scope for Tenant {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where a tenant is proven for a request"
    )]
    fn enter(tenant: Option<&str>, _: Option<&str>) -> Result<Self> {
        tenant
            .and_then(|key| key.parse().ok())
            .map(Self::proven)
            .ok_or(Error::NotFound(Customer::KIND))
    }
}

impl Scope for Owner {
    fn enter(tenant: Option<&str>, client: Option<&str>) -> Result<Self> {
        let tenant = Tenant::enter(tenant, None)?;
        match client {
            None => Ok(tenant.itself()),
            Some(client) => match client.parse() {
                Ok(client) => Ok(tenant.client(client)),
                Err(_) => Err(Error::NotFound(Client::KIND)),
            },
        }
    }
}

impl Scope for Platform {
    #[allow(clippy::disallowed_methods, reason = "as above, for what spans tenants")]
    fn enter(_: Option<&str>, _: Option<&str>) -> Result<Self> {
        Ok(Self::proven())
    }
}

impl Scope for () {
    fn enter(_: Option<&str>, _: Option<&str>) -> Result<Self> {
        Ok(())
    }
}

macro_rules! permission {
    ($(#[$summary:meta])* $name:ident, $scope:ty, $rule:expr) => {
        $(#[$summary])*
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
    /// A customer's clients.
    ViewClients, Tenant,
    AccessRule::clients_or_platform(Held::ViewClient, Held::PlatformAdminViewAllCustomers)
}
permission! {
    EditClients, Tenant,
    AccessRule::clients_or_platform(Held::EditClient, Held::PlatformAdminEditAllCustomers)
}
permission! {
    /// The departments, locations and contacts of a customer, or of one of its clients.
    ViewStructure, Owner,
    AccessRule {
        client: Some(Held::ViewClient),
        ..AccessRule::own_or_platform(Held::ViewCustomer, Held::PlatformAdminViewAllCustomers)
    }
}
permission! {
    EditStructure, Owner,
    AccessRule {
        client: Some(Held::EditClient),
        ..AccessRule::own_or_platform(Held::EditCustomer, Held::PlatformAdminEditAllCustomers)
    }
}

permission! {
    ViewPartitions, Tenant,
    AccessRule::own_or_platform(Held::ManagePartitions, Held::PlatformAdminViewAllCustomers)
}
permission! {
    ManagePartitions, Tenant,
    AccessRule::own_or_platform(Held::ManagePartitions, Held::PlatformAdminEditAllCustomers)
}

/// In which capacity somebody was let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capacity {
    Anybody,
    Own,
    /// A client's user, at that client.
    Client,
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

impl<P: Permission<Scope = Owner>> Caller<P> {
    pub fn owner(&self) -> Owner {
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

/// Lets a caller in, or says why not. `requested` and `client` are the route's `customerKey` and `clientKey`, as they were given.
pub(crate) async fn admit(
    ctx: &Context,
    rule: &AccessRule,
    claims: &Claims,
    requested: Option<&str>,
    client: Option<&str>,
) -> Result<Pass> {
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
    // A client's users reach their client and nothing of the customer around it: by the key of the customer whose client it is, and
    // only where its account is their own customer.
    if let Some(theirs) = &claims.client_id {
        if client != Some(theirs) {
            return Err(Error::KeyMismatch {
                field: "clientKey",
                claimed: Some(theirs.clone()),
                requested: client.map(redact),
            });
        }
        if claims.holds(own) && has_account(ctx, requested, theirs, claimed).await? {
            return Ok(pass(Capacity::Client));
        }
        return Err(Error::KeyMismatch {
            field: "customerKey",
            claimed: claims.customer_key.clone(),
            requested: Some(redact(requested)),
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
        requested: Some(redact(requested)),
    })
}

/// Whether a customer's client has this account.
async fn has_account(ctx: &Context, customer: &str, client: &str, account: Option<&str>) -> Result<bool> {
    let (Ok(customer), Ok(client)) = (customer.parse(), client.parse()) else {
        return Ok(false);
    };
    let holds = ctx.clients().account(customer, client).await?;
    Ok(holds.is_some_and(|key| Some(key.to_string().as_str()) == account))
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
