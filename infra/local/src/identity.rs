//! The local issuer.
