//! Throttling: a token bucket for each route, as API Gateway has it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use crate::plan::{Route, Throttle, Throttles};

/// The buckets of the routes that have a limit, by route key.
pub struct Buckets(HashMap<String, Bucket>);

struct Bucket {
    limit: Throttle,
    /// The tokens at a point in time.
    state: Mutex<(f64, Instant)>,
}

impl Buckets {
    pub fn new(routes: &[Route], throttles: &Throttles, now: Instant) -> Self {
        let buckets = routes.iter().map(Route::key).filter_map(|key| {
            let limit = throttles.routes.get(&key).copied().or(throttles.default)?;
            let bucket = Bucket {
                limit,
                state: Mutex::new((limit.burst, now)),
            };
            Some((key, bucket))
        });
        Self(buckets.collect())
    }

    /// Takes a token of the route's bucket. False: the request exceeds the route's limit.
    pub fn take(&self, route: &Route, now: Instant) -> bool {
        let Some(bucket) = self.0.get(&route.key()) else {
            return true;
        };
        let mut state = bucket.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (tokens, since) = *state;
        let refilled = tokens + bucket.limit.rate * now.saturating_duration_since(since).as_secs_f64();
        let tokens = refilled.min(bucket.limit.burst);
        let is_free = tokens >= 1.0;
        *state = (if is_free { tokens - 1.0 } else { tokens }, now);
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn route(method: &str) -> Route {
        Route {
            method: Some(method.to_owned()),
            path: "/a".to_owned(),
            function: String::new(),
            role: None,
        }
    }

    #[test]
    fn each_route_has_its_own_bucket_with_its_own_or_the_default_limit() {
        let (get, put) = (route("GET"), route("PUT"));
        let throttles = Throttles {
            default: Some(Throttle { rate: 10.0, burst: 3.0 }),
            routes: [("PUT /a".to_owned(), Throttle { rate: 1.0, burst: 1.0 })].into(),
        };
        let start = Instant::now();
        let buckets = Buckets::new(&[get.clone(), put.clone()], &throttles, start);
        let taken = |route: &Route, at: Instant| (0..5).filter(|_| buckets.take(route, at)).count();
        assert_eq!((taken(&get, start), taken(&put, start)), (3, 1));
        let later = start + Duration::from_millis(200);
        assert_eq!((taken(&get, later), taken(&put, later)), (2, 0));
        let much_later = start + Duration::from_secs(60);
        assert_eq!((taken(&get, much_later), taken(&put, much_later)), (3, 1));
    }

    #[test]
    fn a_route_without_a_limit_is_never_throttled() {
        let get = route("GET");
        let now = Instant::now();
        let buckets = Buckets::new(std::slice::from_ref(&get), &Throttles::default(), now);
        assert!((0..10_000).all(|_| buckets.take(&get, now)));
    }
}
