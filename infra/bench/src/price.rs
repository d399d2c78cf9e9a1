//! The cost of a million invocations of a function on AWS, computed from the measured capacity and public on-demand prices of us-east-1,
//! in US dollars, without the free tier.

use runtime::Function;

/// A million of each.
const HTTP_API_REQUESTS: f64 = 1.0;
const LAMBDA_REQUESTS: f64 = 0.2;
const READ_UNITS: f64 = 0.125;
const WRITE_UNITS: f64 = 0.625;
const SQS_REQUESTS: f64 = 0.4;
const GIGABYTE_SECOND: f64 = 0.000_016_666_7;
const GIGABYTE_OF_LOGS: f64 = 0.5;

/// Assumed, because only AWS bills it: 256 MB, and the billed milliseconds of an endpoint and of everything else.
const GIGABYTES: f64 = 0.25;
const ENDPOINT_MS: f64 = 10.0;
const TASK_MS: f64 = 30.0;
/// Counted from real lines, with the 26 bytes that CloudWatch adds to each: an answer's line, and the line of the API's access log.
const LINE_BYTES: f64 = 200.0;
const ACCESS_LOG_BYTES: f64 = 260.0;
/// A message is sent, received and deleted.
const REQUESTS_OF_A_MESSAGE: f64 = 3.0;

/// The capacity units are those of one invocation.
pub fn of_a_million(function: &Function, read_units: f64, write_units: f64) -> f64 {
    let (milliseconds, bytes, around) = match function {
        Function::Endpoint(_) => (ENDPOINT_MS, LINE_BYTES + ACCESS_LOG_BYTES, HTTP_API_REQUESTS),
        Function::Task(_) => (TASK_MS, LINE_BYTES, REQUESTS_OF_A_MESSAGE * SQS_REQUESTS),
        Function::Trigger(_) => (TASK_MS, LINE_BYTES, 0.0),
        Function::Standalone(_) => (ENDPOINT_MS, LINE_BYTES, 0.0),
    };
    let compute = milliseconds * 1000.0 * GIGABYTES * GIGABYTE_SECOND;
    let logs = bytes / 1000.0 * GIGABYTE_OF_LOGS;
    around + LAMBDA_REQUESTS + compute + logs + read_units * READ_UNITS + write_units * WRITE_UNITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use template::functions;

    fn price(name: &str, read_units: f64, write_units: f64) -> f64 {
        let function = functions()
            .into_iter()
            .find(|function| function.name() == name)
            .unwrap();
        let price = of_a_million(&function, read_units, write_units);
        (price * 100.0).round() / 100.0
    }

    #[test]
    fn a_read_a_change_and_a_task_cost_what_their_parts_cost() {
        // Request 1.00, Lambda 0.20 + 0.04, logs 0.23, one read unit 0.125.
        assert_eq!(price("get-customer", 1.0, 0.0), 1.6);
        assert_eq!(price("update-customer", 0.0, 4.0), 3.97);
        // Three SQS requests 1.20, Lambda 0.20 + 0.125, logs 0.10, eight write units 5.00.
        assert_eq!(price("create-customer-location", 0.0, 8.0), 6.63);
    }
}
