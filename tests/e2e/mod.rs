//! The whole thing: the real function binaries on the local cloud, over HTTP, and what becomes of it when it is killed.

mod api_keys;
mod areas;
mod cloud;
mod logos;
mod poison;
mod survival;
mod tour;

use cloud::Cloud;
