//! The scripts in `deploy/slurm`, on a Slurm of one machine that this test starts and stops.
//!
//! It needs the programs of Debian's `slurm-wlm` and `munge`, none of their services and no root; all sockets are on 127.0.0.1. `.ci/run`
//! installs the packages, and runs it with `--ignored`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

const PARTS: &str = "4";
const RUNS: &str = "2000";
/// A bug that some storms of each part find: so every part ends with exit code 2.
const BUG: &str = "truncate-unconditional";
/// How long the cluster may take to come up, and the campaign to end, in steps of `STEP`.
const STEPS_MAX: u32 = 1_500;
const STEP: Duration = Duration::from_millis(200);

/// Versions of Slurm differ in what they need to leave cgroups alone: the first of these with which slurmd starts is taken.
const CGROUP_OPTIONS: [&str; 4] =
    ["CgroupPlugin=disabled\n", "CgroupPlugin=cgroup/v1\n", "IgnoreSystemd=yes\n", ""];

/// A Slurm of one node, with its own key, ports and folder.
struct Cluster {
    folder: TempDir,
    daemons: Vec<Child>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Jobs first, then who runs them: slurmd, slurmctld, munged.
        if self.path("slurm.conf").exists() {
            let _ = self.command("scancel").arg("--full").args(["--user", &user()]).output();
        }
        for daemon in self.daemons.iter_mut().rev() {
            let _ = Command::new("kill").arg(daemon.id().to_string()).status();
            let ended = wait_for(50, || matches!(daemon.try_wait(), Ok(Some(_))));
            if !ended {
                let _ = daemon.kill();
            }
            let _ = daemon.wait();
        }
    }
}

impl Cluster {
    fn start() -> Cluster {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // munged wants a path to its socket that others can go through.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("the folder is ours");
        let mut cluster = Cluster { folder, daemons: Vec::new() };
        cluster.start_munged();
        cluster.write_configuration();
        let slurmctld = cluster.daemon("slurmctld", &["-D", "-c"]);
        cluster.daemons.push(slurmctld);
        cluster.start_slurmd();
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program that finds this cluster.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(find(program));
        command.env("SLURM_CONF", self.path("slurm.conf"));
        command
    }

    /// A daemon that stays in the foreground, and writes what it says to a file.
    fn daemon(&self, program: &str, args: &[&str]) -> Child {
        let log = fs::File::create(self.path(&format!("{program}.log"))).expect("it is writable");
        let again = log.try_clone().expect("a file can be shared");
        self.command(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(again)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"))
    }

    fn start_munged(&mut self) {
        let key = self.path("munge.key");
        // Whoever knew the key could run jobs as this user while the test lasts.
        let mut secret = [0; 128];
        let mut random = fs::File::open("/dev/urandom").expect("there is randomness");
        random.read_exact(&mut secret).expect("it can be read");
        let mut file = fs::OpenOptions::new();
        let file = file.write(true).create_new(true).mode(0o600).open(&key);
        file.and_then(|mut file| file.write_all(&secret)).expect("it is writable");
        let option = |name: &str, file: &str| format!("--{name}={}", self.path(file).display());
        let args = [
            "--foreground".to_owned(),
            "--num-threads=2".to_owned(),
            option("key-file", "munge.key"),
            option("socket", "munge.socket"),
            option("pid-file", "munge.pid"),
            option("log-file", "munge.log"),
            option("seed-file", "munge.seed"),
        ];
        let munged = self.daemon("munged", &args.each_ref().map(String::as_str));
        self.daemons.push(munged);
        let socket = self.path("munge.socket");
        assert!(wait_for(STEPS_MAX, || socket.exists()), "{}", self.words("munged"));
    }

    fn write_configuration(&self) {
        for name in ["state", "spool"] {
            fs::create_dir(self.path(name)).expect("it is writable");
        }
        let (host, user, folder) = (host(), user(), self.folder.path().display());
        let [one, two] = free_ports();
        let text = format!(
            "ClusterName=squall\n\
             SlurmctldHost={host}(127.0.0.1)\n\
             SlurmctldPort={one}\n\
             SlurmdPort={two}\n\
             SlurmUser={user}\n\
             SlurmdUser={user}\n\
             AuthType=auth/munge\n\
             AuthInfo=socket={folder}/munge.socket\n\
             CredType=cred/munge\n\
             CommunicationParameters=NoCtldInAddrAny,NoInAddrAny\n\
             StateSaveLocation={folder}/state\n\
             SlurmdSpoolDir={folder}/spool\n\
             SlurmctldPidFile={folder}/slurmctld.pid\n\
             SlurmdPidFile={folder}/slurmd.pid\n\
             ProctrackType=proctrack/linuxproc\n\
             TaskPlugin=task/none\n\
             MpiDefault=none\n\
             JobAcctGatherType=jobacct_gather/none\n\
             AccountingStorageType=accounting_storage/none\n\
             SelectType=select/cons_tres\n\
             SelectTypeParameters=CR_CPU\n\
             SlurmdParameters=config_overrides\n\
             ReturnToService=2\n\
             MailProg=/bin/true\n\
             NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN\n\
             PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
        );
        fs::write(self.path("slurm.conf"), text).expect("it is writable");
    }

    fn start_slurmd(&mut self) {
        let mut said = String::new();
        for options in CGROUP_OPTIONS {
            fs::write(self.path("cgroup.conf"), options).expect("it is writable");
            let mut slurmd = self.daemon("slurmd", &["-D"]);
            let mut idle = false;
            wait_for(STEPS_MAX, || {
                idle = self.says("sinfo", &["--noheader", "--format=%T"]).contains("idle");
                idle || matches!(slurmd.try_wait(), Ok(Some(_)) | Err(_))
            });
            if idle {
                self.daemons.push(slurmd);
                return;
            }
            let _ = slurmd.kill();
            let _ = slurmd.wait();
            said = self.words("slurmd");
        }
        panic!("slurmd does not start:\n{said}\n{}", self.words("slurmctld"));
    }

    /// What a daemon said.
    fn words(&self, program: &str) -> String {
        fs::read_to_string(self.path(&format!("{program}.log"))).unwrap_or_default()
    }

    /// What a program prints.
    fn says(&self, program: &str, args: &[&str]) -> String {
        let output = self.command(program).args(args).output().expect("it can be run");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits for a job to end; gives what Slurm knows of it.
    fn wait_for_job(&self, job: &str) -> String {
        let mut shown = String::new();
        let ended = wait_for(STEPS_MAX, || {
            shown = self.says("scontrol", &["show", "job", job]);
            ["COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"]
                .iter()
                .any(|state| shown.contains(&format!("JobState={state}")))
        });
        assert!(ended, "job {job} does not end:\n{shown}\n{}", self.words("slurmctld"));
        shown
    }
}

/// The path of a program of Slurm or MUNGE: daemons lie in folders that an ordinary user's PATH lacks.
fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let mut programs = folders.map(|folder| folder.join(program));
    programs.find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("there is no {program}; install it with: apt-get install slurm-wlm munge")
    })
}

fn wait_for(steps: u32, mut done: impl FnMut() -> bool) -> bool {
    for _ in 0..steps {
        if done() {
            return true;
        }
        #[expect(clippy::disallowed_methods, reason = "other programs take real time")]
        std::thread::sleep(STEP);
    }
    done()
}

fn first_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().expect("it can be run");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn host() -> String {
    first_line("hostname", &["-s"])
}

fn user() -> String {
    first_line("id", &["-un"])
}

fn free_ports() -> [u16; 2] {
    let listen = || TcpListener::bind("127.0.0.1:0").expect("a port is free");
    // Both at once, so that they are two.
    [listen(), listen()].map(|it| it.local_addr().expect("it has an address").port())
}

/// The binary that is tested: that of this build, or the one that SQUALL_BIN names.
fn squall() -> PathBuf {
    let own = || env!("CARGO_BIN_EXE_squall").into();
    std::env::var_os("SQUALL_BIN").map_or_else(own, PathBuf::from)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/slurm").join(name)
}

/// A result, without what may differ.
fn result(folder: &Path) -> serde_json::Value {
    let text = fs::read_to_string(folder.join("campaign.json")).expect("the result is there");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value.as_object_mut().expect("an object").remove("timing").expect("it has a timing");
    value
}

fn words_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "needs Slurm; .ci/run installs it"]
fn a_campaign_on_slurm_finds_what_one_process_finds() {
    let cluster = Cluster::start();
    let shared = tempfile::tempdir().expect("a temporary folder");
    let parts = shared.path().join("parts");
    let submit = || {
        let mut command = cluster.command("bash");
        command.arg(script("submit.sh")).args([PARTS, RUNS]).arg(&parts).args(["--bug", BUG]);
        command.env("SQUALL", squall()).output().expect("it can be run")
    };
    let submitted = submit();
    assert!(submitted.status.success(), "{}", words_of(&submitted));
    let job = String::from_utf8_lossy(&submitted.stdout).trim().to_owned();
    let alone = shared.path().join("alone");
    let status = Command::new(squall())
        .args(["fuzz", "--runs", RUNS, "--bug", BUG, "--jobs", "1", "--out"])
        .arg(&alone)
        .stdout(Stdio::null())
        .status();
    assert_eq!(status.expect("it can be run").code(), Some(2));

    let shown = cluster.wait_for_job(&job);
    let log = fs::read_to_string(parts.join("merge.log")).unwrap_or_default();
    assert!(shown.contains("ExitCode=2:0"), "{shown}\n{log}");
    let merged = result(&parts.join("merged"));
    assert_eq!(merged["totals"]["runs"].to_string(), RUNS);
    assert_eq!(merged, result(&alone));

    let again = submit();
    assert!(!again.status.success() && words_of(&again).contains("holds the parts"));
    fs::remove_file(parts.join("part-3/campaign.json")).expect("it was there");
    let mut merge = Command::new("bash");
    merge.arg(script("merge.sbatch")).env("PARTS", PARTS).env("DIR", &parts);
    let merge = merge.env("SQUALL", squall()).output().expect("it can be run");
    assert_eq!(merge.status.code(), Some(1));
    assert!(words_of(&merge).contains("part 3 of 4 has no result"), "{}", words_of(&merge));
}
