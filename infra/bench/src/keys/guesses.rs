//! Guessed keys: none may be valid, and one with a wrong checksum may cost no read. Also the time of each kind of refusal.

use super::in_process::Keys;
use crate::{report::Table, store::Charge, world::World};
use anyhow::{Context, Result, ensure};
use domain::{ApiKeyId, CustomerKey, PartitionKey, plaintext::Plaintext};
use runtime::context::{Clock, SystemClock};
use serde_json::Value;
use std::time::Instant;
use uuid::Uuid;

const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How many times each kind of refusal is timed.
const TIMED: usize = 3000;

pub fn measure(guesses: usize) -> Result<()> {
    // A runtime of its own: the rest of this part blocks while it waits for programs, which is not allowed on an async runtime.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    std::thread::spawn(move || runtime.block_on(run(guesses)))
        .join()
        .map_err(|_| anyhow::anyhow!("the guesses panicked"))?
}

async fn run(guesses: usize) -> Result<()> {
    let world = World::new(None, 1).await?;
    let keys = Keys::new(&world).await?;
    let issued = keys.issue().await?;
    let good = issued["plaintext"].as_str().context("no plaintext")?.to_owned();
    let is_valid = async |plaintext: &str| -> Result<bool> {
        let (function, event) = keys.verify(plaintext)?;
        Ok(world.run(function, event).await?["valid"] == true)
    };
    ensure!(is_valid(&good).await?, "a new key is not valid");
    world.store.take();
    let start = Instant::now();
    let mut reads = 0;
    for n in 0..guesses {
        if n % 10_000 == 0 {
            eprint!("\rguesses, {n} of {guesses}");
        }
        let guess = match n % 3 {
            0 => random_text()?,
            1 => mutated(&good)?,
            _ => with_another_secret(&good)?,
        };
        ensure!(guess == good || !is_valid(&guess).await?, "a guessed key is valid");
        let charges: Vec<Charge> = world.store.take();
        // An attacker who knows the format can compute the checksum. Each such guess costs a read, and there are 2^192 secrets.
        ensure!(n % 3 == 2 || charges.is_empty(), "a wrong checksum cost a read");
        reads += charges.len();
    }
    let took = start.elapsed();
    eprintln!();
    let mut table = Table::new(&[
        "guesses",
        "accepted",
        "reads for guesses with a wrong checksum",
        "reads for the others",
        "seconds",
    ]);
    table.row(vec![
        guesses.to_string(),
        "0".into(),
        "0".into(),
        reads.to_string(),
        format!("{:.0}", took.as_secs_f64()),
    ]);
    table.print(
        "Guesses: a third random, a third valid keys with one character changed, a third valid except for the secret",
    );
    time(&world, &keys, &good).await
}

/// Times each kind of refusal, in turns, so that only the reason differs.
async fn time(world: &World, keys: &Keys<'_>, good: &str) -> Result<()> {
    let of = |change: &dyn Fn(&mut Plaintext)| -> Result<String> {
        let mut plain = Plaintext::read(good).context("no key")?;
        change(&mut plain);
        Ok(plain.text())
    };
    let secret = SystemClock.secret()?;
    let kinds = [
        ("another secret", of(&|plain| plain.secret = secret.clone())?),
        (
            "no such key",
            of(&|plain| plain.key = ApiKeyId::from_uuid(Uuid::now_v7()))?,
        ),
        (
            "no such partition",
            of(&|plain| plain.partition = PartitionKey::from_uuid(Uuid::now_v7()))?,
        ),
        (
            "no such customer",
            of(&|plain| plain.customer = CustomerKey::from_uuid(Uuid::now_v7()))?,
        ),
        (
            "another environment",
            of(&|plain| plain.environment = domain::partition::Environment::Dev)?,
        ),
        ("a wrong checksum", mutated(good)?),
    ];
    let mut micros: Vec<Vec<f64>> = vec![Vec::new(); kinds.len()];
    for round in 0..TIMED + 100 {
        for (index, (_, plaintext)) in kinds.iter().enumerate() {
            let (function, event) = keys.verify(plaintext)?;
            let start = Instant::now();
            let answer: Value = world.run(function, event).await?;
            let took = start.elapsed().as_secs_f64() * 1e6;
            ensure!(answer == serde_json::json!({"valid": false}), "{answer}");
            if round >= 100 {
                micros[index].push(took);
            }
        }
    }
    world.store.take();
    let mut table = Table::new(&["reason", "p50, µs", "p90, µs", "p50 × another secret"]);
    let mut first = None;
    for ((reason, _), mut micros) in kinds.iter().zip(micros) {
        micros.sort_by(f64::total_cmp);
        let (p50, p90) = (micros[TIMED / 2], micros[TIMED * 9 / 10]);
        let first = *first.get_or_insert(p50);
        table.row(vec![
            (*reason).to_owned(),
            format!("{p50:.0}"),
            format!("{p90:.0}"),
            format!("{:.2}", p50 / first),
        ]);
    }
    table.print(&format!("Time of a refusal ({TIMED} of each, in turns, in process)"));
    Ok(())
}

fn random() -> Result<[u8; 128]> {
    let mut bytes = [0; 128];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes)
        .map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
    Ok(bytes)
}

/// Random text in a key's format.
fn random_text() -> Result<String> {
    let body = random()?
        .into_iter()
        .take(105)
        .map(|byte| DIGITS[usize::from(byte) % 62] as char);
    Ok(format!("csk_prod_{}", body.collect::<String>()))
}

fn mutated(good: &str) -> Result<String> {
    let bytes = random()?;
    let at = usize::from(bytes[0]) % good.len();
    let to = DIGITS[usize::from(bytes[1]) % 62] as char;
    let mut text = good.to_owned();
    text.replace_range(at..=at, &to.to_string());
    if text == good {
        return mutated(good);
    }
    Ok(text)
}

fn with_another_secret(good: &str) -> Result<String> {
    let mut plain = Plaintext::read(good).context("no key")?;
    plain.secret = SystemClock.secret()?;
    Ok(plain.text())
}
