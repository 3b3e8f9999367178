//! The rows of Weir's benchmarks in timely dataflow, in the manner of its own examples (wordcount, aggregate, exchange, barrier).
//!
//!     weir-bench-timely <row> <records or rounds> <size, keys or text> [timely's own arguments: -w, -n, -p, -h]
//!
//! Prints {"seconds": …, figures…} of this process, from the first record to the end of the dataflow.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{BufRead, BufReader};
use std::rc::Rc;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::{Exchange as ExchangePact, Pipeline};
use timely::dataflow::operators::generic::operator::Operator;
use timely::dataflow::operators::vec::{Filter, Map};
use timely::dataflow::operators::{ConnectLoop, Exchange, Feedback, Input, Inspect, Probe};
use timely::dataflow::{InputHandle, ProbeHandle, StreamVec};
use timely::worker::Worker;

/// Records between two steps of the worker.
const BATCH: u32 = 4096;

type Figures = Vec<(&'static str, u64)>;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let row = arguments[1].clone();
    let count: u64 = arguments[2].parse().unwrap();
    let detail = arguments[3].clone();
    let guards = timely::execute_from_args(arguments.into_iter().skip(4), move |worker| {
        let start = Instant::now();
        let figures = match row.as_str() {
            "wordcount" => wordcount(worker, &detail),
            "chain" => chain(worker, count as u32),
            "keyed" => keyed(worker, count as u32, detail.parse().unwrap()),
            "window" => window(worker, count as u32, detail.parse().unwrap()),
            "exchange" => exchange(worker, count, detail.parse().unwrap()),
            "barrier" => barrier(worker, count as usize),
            "latency" => latency(worker, count, detail.parse().unwrap()),
            _ => panic!("there is no row {row}"),
        };
        (start.elapsed().as_secs_f64(), figures)
    })
    .unwrap();
    let mut seconds: f64 = 0.0;
    let mut sums: Vec<(&'static str, u64)> = Vec::new();
    for result in guards.join() {
        let (elapsed, figures) = result.unwrap();
        seconds = seconds.max(elapsed);
        for (name, value) in figures {
            match sums.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += value,
                None => sums.push((name, value)),
            }
        }
    }
    let figures: String = sums.iter().map(|(name, value)| format!(", \"{name}\": {value}")).collect();
    println!("{{\"seconds\": {seconds}{figures}, \"waits\": {:?}}}", WAITS.lock().unwrap());
}

fn lowbias32(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846ca68b);
    x ^ (x >> 16)
}

fn hash(key: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(key)
}

fn finish(worker: &mut Worker, probe: &ProbeHandle<u32>) {
    while !probe.done() {
        worker.step();
    }
}

/// Counts equal strings within each time; a time's counts leave when it is complete.
fn count_per_time<'scope>(stream: StreamVec<'scope, u32, String>) -> StreamVec<'scope, u32, (String, u64)> {
    let pact = ExchangePact::new(|key: &String| hash(key));
    stream.unary_frontier::<CapacityContainerBuilder<Vec<_>>, _, _, _>(pact, "Count", |_capability, _info| {
        let mut times = HashMap::new();
        move |(input, frontier), output| {
            input.for_each_stamp(|capability, data| {
                if let Some(capability) = capability.retain_least(output.output_index()) {
                    let (_, counts) = times.entry(*capability.time()).or_insert_with(|| (capability, HashMap::new()));
                    for key in data.flat_map(|batch| batch.drain(..)) {
                        *counts.entry(key).or_insert(0u64) += 1;
                    }
                }
            });
            times.retain(|time, (capability, counts)| {
                if frontier.less_equal(time) {
                    return true;
                }
                let mut session = output.session(&*capability);
                for pair in counts.drain() {
                    session.give(pair);
                }
                false
            });
        }
    })
}

/// Final counts of words. Each worker reads the files whose place in the list is its own.
fn wordcount(worker: &mut Worker, directory: &str) -> Figures {
    let (index, peers) = (worker.index(), worker.peers());
    let mut input = InputHandle::new();
    let probe = ProbeHandle::new();
    let totals = Rc::new(RefCell::new((0u64, 0u64, 0u64)));
    let seen = totals.clone();
    worker.dataflow::<u32, _, _>(|scope| {
        let words = input
            .to_stream(scope)
            .flat_map(|line: String| line.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>());
        count_per_time(words)
            .inspect(move |(word, count)| {
                let mut totals = seen.borrow_mut();
                totals.0 += count;
                totals.1 += 1;
                if word == "the" {
                    totals.2 = *count;
                }
            })
            .probe_with(&probe);
    });
    for file in (index..2).step_by(peers) {
        let reader = BufReader::with_capacity(1 << 18, File::open(format!("{directory}/{file}.txt")).unwrap());
        for (i, line) in reader.lines().enumerate() {
            input.send(line.unwrap());
            if i % 512 == 511 {
                worker.step();
            }
        }
    }
    input.close();
    finish(worker, &probe);
    let (total, distinct, the) = *totals.borrow();
    vec![("total", total), ("distinct", distinct), ("the", the)]
}

/// Six stateless steps and a count.
fn chain(worker: &mut Worker, records: u32) -> Figures {
    let mut input = InputHandle::new();
    let probe = ProbeHandle::new();
    let left = Rc::new(RefCell::new(0u64));
    let counter = left.clone();
    worker.dataflow::<u32, _, _>(|scope| {
        input
            .to_stream(scope)
            .map(|i: i32| i * 3 + 1)
            .filter(|i| i & 1 == 0)
            .map(|i| i ^ 0x5bd1e995)
            .filter(|i| i % 7 != 0)
            .map(|i| i >> 1)
            .filter(|i| *i >= 0)
            .inspect_core(move |event| {
                if let Ok((_, batch)) = event {
                    *counter.borrow_mut() += batch.len() as u64;
                }
            })
            .probe_with(&probe);
    });
    for i in 0..records {
        input.send(i as i32);
        if i % BATCH == BATCH - 1 {
            worker.step();
        }
    }
    input.close();
    finish(worker, &probe);
    let count = *left.borrow();
    vec![("count", count)]
}

/// A running sum per key with an output for each record. A worker reads what belongs to its share of the keys, as from partitions of a topic.
fn keyed(worker: &mut Worker, records: u32, keys: u32) -> Figures {
    let (index, peers) = (worker.index() as u32, worker.peers() as u32);
    let mut input = InputHandle::new();
    let probe = ProbeHandle::new();
    let totals = Rc::new(RefCell::new((0u32, 0u64)));
    let seen = totals.clone();
    worker.dataflow::<u32, _, _>(|scope| {
        let pact = ExchangePact::new(|(key, _): &(String, i64)| hash(key));
        input
            .to_stream(scope)
            .map(move |i: u32| (format!("k{}", lowbias32(i) % keys), i as i64))
            .unary::<CapacityContainerBuilder<Vec<i64>>, _, _, _>(pact, "Sum", |_capability, _info| {
                let mut sums: HashMap<String, i64> = HashMap::new();
                move |input, output| {
                    input.for_each_stamp(|capability, data| {
                        let mut session = output.session(&capability);
                        for (key, value) in data.flat_map(|batch| batch.drain(..)) {
                            let sum = sums.entry(key).or_insert(0);
                            *sum += value;
                            session.give(*sum);
                        }
                    });
                }
            })
            .inspect_core(move |event| {
                if let Ok((_, batch)) = event {
                    let mut totals = seen.borrow_mut();
                    totals.1 += batch.len() as u64;
                    for sum in batch.iter() {
                        totals.0 = totals.0.wrapping_add(*sum as u32);
                    }
                }
            })
            .probe_with(&probe);
    });
    feed(worker, &mut input, records, |i| peers == 1 || (lowbias32(i) % keys) % peers == index, |_| None);
    input.close();
    finish(worker, &probe);
    let (total, count) = *totals.borrow();
    vec![("total", total as u64), ("count", count)]
}

/// Counts per key and window of 10 s; a window is a time of the dataflow.
fn window(worker: &mut Worker, records: u32, keys: u32) -> Figures {
    let (index, peers) = (worker.index() as u32, worker.peers() as u32);
    let mut input = InputHandle::new();
    let probe = ProbeHandle::new();
    let totals = Rc::new(RefCell::new((0u64, 0u64)));
    let seen = totals.clone();
    worker.dataflow::<u32, _, _>(|scope| {
        let named = input.to_stream(scope).map(move |i: u32| format!("k{}", lowbias32(i) % keys));
        count_per_time(named)
            .inspect(move |(_key, count)| {
                let mut totals = seen.borrow_mut();
                totals.0 += 1;
                totals.1 += count;
            })
            .probe_with(&probe);
    });
    feed(
        worker,
        &mut input,
        records,
        |i| peers == 1 || (lowbias32(i) % keys) % peers == index,
        |i| if i % 10_000 == 0 { Some(i / 10_000) } else { None },
    );
    input.close();
    finish(worker, &probe);
    let (results, sum) = *totals.borrow();
    vec![("results", results), ("sum", sum)]
}

fn feed(
    worker: &mut Worker,
    input: &mut InputHandle<u32, CapacityContainerBuilder<Vec<u32>>>,
    records: u32,
    own: impl Fn(u32) -> bool,
    time: impl Fn(u32) -> Option<u32>,
) {
    for i in 0..records {
        if let Some(time) = time(i) {
            input.advance_to(time);
        }
        if own(i) {
            input.send(i);
        }
        if i % BATCH == BATCH - 1 {
            worker.step();
        }
    }
}

/// The exchange example: rounds of `batch` integers by value.
fn exchange(worker: &mut Worker, rounds: u64, batch: u64) -> Figures {
    let mut input = InputHandle::new();
    let received = Rc::new(RefCell::new(0u64));
    let counter = received.clone();
    let probe = worker.dataflow(|scope| {
        scope
            .input_from(&mut input)
            .container::<Vec<u64>>()
            .exchange(|&x| x)
            .inspect_core(move |event| {
                if let Ok((_, batch)) = event {
                    *counter.borrow_mut() += batch.len() as u64;
                }
            })
            .probe()
            .0
    });
    for round in 0..rounds {
        for i in 0..batch {
            input.send(i);
        }
        input.advance_to(round + 1);
        while probe.less_than(input.time()) {
            worker.step();
        }
    }
    let count = *received.borrow();
    vec![("received", count)]
}

/// The barrier example: an empty loop, notified at every time.
fn barrier(worker: &mut Worker, rounds: usize) -> Figures {
    let notified = Rc::new(RefCell::new(0u64));
    let counter = notified.clone();
    worker.dataflow::<usize, _, _>(move |scope| {
        let (handle, stream) = scope.feedback::<Vec<usize>>(1);
        stream
            .unary_frontier::<CapacityContainerBuilder<_>, _, _, _>(Pipeline, "Barrier", move |capability, _info| {
                let mut capabilities = vec![capability.delayed(&0)];
                move |(input, frontier), _output| {
                    input.for_each_stamp(|_, _| {});
                    capabilities = std::mem::take(&mut capabilities)
                        .into_iter()
                        .filter_map(|capability| {
                            if frontier.frontier().less_equal(capability.time()) {
                                return Some(capability);
                            }
                            *counter.borrow_mut() += 1;
                            let time = *capability.time() + 1;
                            if time < rounds { Some(capability.delayed(&time)) } else { None }
                        })
                        .collect();
                }
            })
            .connect_loop(handle);
    });
    while worker.has_dataflows() {
        worker.step();
    }
    let count = *notified.borrow();
    vec![("notified", count)]
}

/// Microseconds that records of all workers took, from the moment at which each was due.
static WAITS: Mutex<Vec<u64>> = Mutex::new(Vec::new());
/// The clock of all workers.
static START: OnceLock<Instant> = OnceLock::new();
/// What comes earlier is left out, as for everybody.
const WARM: Duration = Duration::from_secs(3);

/// A keyed count of records at a steady rate. A worker sends what is due, and parks until the next one is.
fn latency(worker: &mut Worker, records: u64, per_second: u64) -> Figures {
    let (index, peers) = (worker.index() as u64, worker.peers() as u64);
    let start = *START.get_or_init(Instant::now);
    let mut input = InputHandle::new();
    let probe = ProbeHandle::new();
    let waits = Rc::new(RefCell::new((0u64, Vec::new())));
    let seen = waits.clone();
    worker.dataflow::<u64, _, _>(|scope| {
        let pact = ExchangePact::new(|(key, _): &(String, u64)| hash(key));
        input
            .to_stream(scope)
            .unary::<CapacityContainerBuilder<Vec<u64>>, _, _, _>(pact, "Count", |_capability, _info| {
                let mut counts: HashMap<String, u64> = HashMap::new();
                move |input, output| {
                    input.for_each_stamp(|capability, data| {
                        let mut session = output.session(&capability);
                        for (key, due) in data.flat_map(|batch| batch.drain(..)) {
                            *counts.entry(key).or_insert(0) += 1;
                            session.give(due);
                        }
                    });
                }
            })
            .inspect(move |due| {
                let mut waits = seen.borrow_mut();
                waits.0 += 1;
                if u128::from(*due) > WARM.as_nanos() {
                    waits.1.push((start.elapsed().as_nanos() as u64 - due) / 1000);
                }
            })
            .probe_with(&probe);
    });
    let share = records / peers;
    let due = |sent: u64| sent * peers * 1_000_000_000 / per_second;
    let mut sent = 0;
    while sent < share {
        let now = start.elapsed().as_nanos() as u64;
        while sent < share && due(sent) <= now {
            let i = (sent * peers + index) as u32;
            input.send((format!("k{}", lowbias32(i) % 1000), due(sent)));
            sent += 1;
        }
        input.advance_to(now);
        while worker.step() && probe.less_than(input.time()) {}
        let next = Duration::from_nanos(due(sent)).saturating_sub(start.elapsed());
        worker.step_or_park(Some(next));
    }
    input.close();
    while !probe.done() {
        worker.step();
    }
    let (count, waits) = waits.take();
    WAITS.lock().unwrap().extend(waits);
    vec![("count", count)]
}
