//! A server on a thread and a core of its own, which answers how much processor time it has used.

use std::net::SocketAddr;
use std::sync::mpsc;

use rustix::thread::{CpuSet, sched_setaffinity};

/// Core of what serves, and of what asks.
pub const SERVER: usize = 0;
pub const CLIENT: usize = 1;

/// Keeps a thread or process (`None`: this thread) on one core.
pub fn pin(pid: Option<u32>, core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    let pid = pid.map(|pid| rustix::thread::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap());
    sched_setaffinity(pid, &cores).unwrap();
}

/// CPU time of a process's first thread in nanoseconds, by the kernel's count.
pub fn cpu_ns_of(who: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{who}/schedstat")).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// See above.
pub struct Server {
    pub address: SocketAddr,
    ask: tokio::sync::mpsc::UnboundedSender<mpsc::Sender<u64>>,
}

pub fn serve<F, Fut>(start: F) -> Server
where
    F: FnOnce(mpsc::Sender<SocketAddr>) -> Fut + Send + 'static,
    Fut: Future<Output = ()>,
{
    let (ready, address) = mpsc::channel();
    let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel::<mpsc::Sender<u64>>();
    std::thread::spawn(move || {
        pin(None, SERVER);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let tell = async {
                while let Some(reply) = asked.recv().await {
                    reply.send(cpu_ns_of("thread-self")).unwrap();
                }
            };
            tokio::join!(start(ready), tell);
        });
    });
    Server { address: address.recv().unwrap(), ask }
}

impl Server {
    pub fn cpu_ns(&self) -> u64 {
        let (reply, answer) = mpsc::channel();
        self.ask.send(reply).unwrap();
        answer.recv().unwrap()
    }
}
