//! What hostile clients do. Each returns in words what became of its connections.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Against whom, how many at once, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub address: SocketAddr,
    pub count: usize,
    pub held: Duration,
    pub is_long: bool,
}

type Going = Pin<Box<dyn Future<Output = String>>>;
pub type Attack = dyn Fn(Plan) -> Going;

/// Every attack by name.
pub const ALL: [(&str, &Attack); 12] = [
    ("idle", &|plan| Box::pin(hold(plan, "", ""))),
    ("slow heads", &|plan| Box::pin(hold(plan, "GET / HTTP/1.1\r\nHost: x\r\nX-A: ", "b"))),
    ("big slow heads", &|plan| {
        Box::pin(async move {
            let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {}", "a".repeat(15_000));
            hold(plan, &head, "b").await
        })
    }),
    ("slow bodies", &|plan| {
        Box::pin(hold(
            plan,
            "POST /all.atom HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
            "x",
        ))
    }),
    ("kept alive", &|plan| Box::pin(hold(plan, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", ""))),
    ("slow readers", &|plan| Box::pin(slow_readers(plan))),
    ("churn", &|plan| Box::pin(churn(plan))),
    ("flood", &|plan| Box::pin(flood(plan))),
    ("pipelines", &|plan| Box::pin(pipelines(plan))),
    ("made-up paths", &|plan| Box::pin(made_up(plan))),
    ("huge heads", &|plan| Box::pin(huge(plan, b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"a"))),
    ("huge bodies", &|plan| {
        Box::pin(huge(
            plan,
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nz\r\n",
        ))
    }),
];

/// Connects at once, at most.
const CONNECTS: usize = 200;
/// A drip follows a drip after this.
const DRIP: Duration = Duration::from_millis(500);
/// Connections of attacks that send much over each.
const FEW: usize = 20;
/// Bytes that one of them sends, unless it is cut off before.
const MUCH: usize = 16 << 20;
const PIPELINED: usize = 2_000;

/// Counts outcomes.
fn told<T: Ord + Debug>(outcomes: impl IntoIterator<Item = T>) -> String {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for outcome in outcomes {
        *counts.entry(outcome).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(it, count)| format!("{count} {it:?}")).collect();
    counts.join(", ")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    NotConnected,
    Answered,
    Closed,
    Open,
}

/// Does the same over so many connections, a bounded number of which are made at once.
async fn each<F>(
    count: usize,
    connects: usize,
    act: impl Fn(usize, Arc<Semaphore>) -> F,
) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let turn = Arc::new(Semaphore::new(connects));
    let mut tasks = JoinSet::new();
    for n in 0..count {
        tasks.spawn(act(n, Arc::clone(&turn)));
    }
    tasks.join_all().await
}

/// Sends the beginning, then a drip now and then, until the time is over or the server has enough.
async fn hold(plan: Plan, first: &str, drip: &str) -> String {
    let (first, drip) = (first.as_bytes().to_vec(), drip.as_bytes().to_vec());
    let ends = each(plan.count, CONNECTS, |_, turn| {
        let (first, drip) = (first.clone(), drip.clone());
        async move {
            let permit = turn.acquire().await;
            let Ok(mut stream) = TcpStream::connect(plan.address).await else {
                return End::NotConnected;
            };
            drop(permit);
            let _ = stream.write_all(&first).await;
            let end = Instant::now() + plan.held;
            let mut is_answered = false;
            let mut buffer = [0; 4_096];
            while Instant::now() < end {
                match timeout(DRIP, stream.read(&mut buffer)).await {
                    Ok(Ok(0) | Err(_)) if is_answered => return End::Answered,
                    Ok(Ok(0) | Err(_)) => return End::Closed,
                    Ok(Ok(_)) => is_answered = true,
                    Err(_) if drip.is_empty() => {}
                    Err(_) => {
                        let _ = stream.write_all(&drip).await;
                    }
                }
            }
            if is_answered { End::Answered } else { End::Open }
        }
    });
    told(ends.await)
}

/// Asks for a feed of megabytes, several times, and reads none of it.
async fn slow_readers(plan: Plan) -> String {
    let ask = "GET /source/big.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(3);
    let ends = each(plan.count, CONNECTS, |_, turn| {
        let ask = ask.clone();
        async move {
            let permit = turn.acquire().await;
            let Ok(mut stream) = TcpStream::connect(plan.address).await else {
                return End::NotConnected;
            };
            drop(permit);
            let _ = stream.write_all(ask.as_bytes()).await;
            tokio::time::sleep(plan.held).await;
            let is_open = stream.write_all(b" ").await.is_ok();
            if is_open { End::Open } else { End::Closed }
        }
    });
    told(ends.await)
}

/// Connects, asks and resets, again and again.
pub async fn churn(plan: Plan) -> String {
    let ends = each(plan.count, CONNECTS, |n, turn| async move {
        let _permit = turn.acquire().await;
        let Ok(mut stream) = TcpStream::connect(plan.address).await else {
            return End::NotConnected;
        };
        let _ = stream.write_all(b"GET /source/small.atom HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut buffer = [0; 4_096];
        // Every other does not even wait.
        let is_answered = n % 2 == 0 && stream.read(&mut buffer).await.is_ok_and(|read| read > 0);
        let _ = stream.set_zero_linger();
        if is_answered { End::Answered } else { End::Open }
    });
    told(ends.await)
}

/// Asks as fast as answers come, over a few connections each.
async fn flood(plan: Plan) -> String {
    let end = Instant::now() + plan.held;
    let counts = each(FEW, FEW, |_, _| async move {
        let mut asked = 0_usize;
        let mut stream = TcpStream::connect(plan.address).await.unwrap();
        let mut buffer = vec![0; 64 << 10];
        while Instant::now() < end {
            if stream.write_all(b"GET /source/small.rss HTTP/1.1\r\nHost: x\r\n\r\n").await.is_err()
            {
                stream = TcpStream::connect(plan.address).await.unwrap();
            }
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => stream = TcpStream::connect(plan.address).await.unwrap(),
                Ok(_) => asked += 1,
            }
        }
        asked
    });
    format!("{} requests", counts.await.iter().sum::<usize>())
}

/// Asks for thousands of answers at once; half of the clients do not read them.
async fn pipelines(plan: Plan) -> String {
    let ask = "GET /source/small.atom HTTP/1.1\r\nHost: x\r\n\r\n".repeat(PIPELINED);
    let counts = each(FEW, FEW, |n, _| {
        let ask = ask.clone();
        async move {
            let mut stream = TcpStream::connect(plan.address).await.unwrap();
            let (mut reading, mut writing) = stream.split();
            let write = async { timeout(plan.held, writing.write_all(ask.as_bytes())).await };
            if n % 2 == 1 {
                let _ = write.await;
                return 0;
            }
            let mut answers = 0;
            let read = async {
                let mut all = Vec::new();
                let mut buffer = vec![0; 64 << 10];
                while answers < PIPELINED {
                    match timeout(Duration::from_secs(30), reading.read(&mut buffer)).await {
                        Ok(Ok(read)) if read > 0 => all.extend_from_slice(&buffer[..read]),
                        _ => return,
                    }
                    answers += all.windows(13).filter(|it| *it == b"HTTP/1.1 200 ").count();
                    // What could be the first half of the next.
                    all.drain(..all.len().saturating_sub(12));
                }
            };
            let _ = tokio::join!(write, read);
            answers
        }
    });
    told(counts.await)
}

/// Asks for addresses that nobody has asked for, each of which has to be made.
async fn made_up(plan: Plan) -> String {
    let statuses = each(plan.count, FEW, |n, turn| async move {
        let _permit = turn.acquire().await;
        let (year, month, day) = (1_000 + n / 300, 1 + n / 25 % 12, 1 + n % 25);
        let path = match n % 3 {
            0 => format!("/date/{year:04}-{month:02}-{day:02}.atom"),
            1 => format!("/category/x{n}"),
            _ => format!("/entry/{n:016x}"),
        };
        let Ok(mut stream) = TcpStream::connect(plan.address).await else { return String::new() };
        let ask = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let _ = stream.write_all(ask.as_bytes()).await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        String::from_utf8_lossy(all.get(9..12).unwrap_or_default()).into_owned()
    });
    told(statuses.await)
}

/// Sends a beginning, and then more and more of what has no end.
async fn huge(plan: Plan, first: &'static [u8], more: &'static [u8]) -> String {
    let sent = each(FEW, FEW, |_, _| async move {
        let mut stream = TcpStream::connect(plan.address).await.unwrap();
        let piece = more.repeat((64 << 10) / more.len());
        let _ = stream.write_all(first).await;
        let mut sent = 0_usize;
        while sent < MUCH {
            match timeout(plan.held, stream.write_all(&piece)).await {
                Ok(Ok(())) => sent += piece.len(),
                Ok(Err(_)) | Err(_) => break,
            }
        }
        sent
    });
    let sent = sent.await;
    let most = sent.iter().copied().max().unwrap_or_default();
    assert!(most < MUCH, "somebody reads without end");
    format!("at most {} KiB taken", most >> 10)
}
