"""A Slurm of one node in a folder of its own: munged, slurmctld and slurmd, started here and stopped here.

It needs to be root, like any slurmd, and touches nothing that the system may have configured.
"""

import os
import pathlib
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time

CONFIG = """
ClusterName=steadfast
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmctldPort={controller}
SlurmdPort={daemon}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=5
ReturnToService=2
JobRequeue=1
KillWait=20
MinJobAge=3600
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    def __init__(self):
        # Not below the folder of the check: a socket's path has little room.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="slurm-"))
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        self.cpus = os.cpu_count()
        places = {"folder": self.folder, "host": socket.gethostname().split(".")[0], "cpus": self.cpus}
        config = CONFIG.format(controller=free_port(), daemon=free_port(), **places)
        (self.folder / "slurm.conf").write_text(config)
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        self.daemons = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        options = {"key-file": key, "socket": self.folder / "munge.socket", "pid-file": self.folder / "munged.pid"}
        options |= {"log-file": self.folder / "munged.log", "seed-file": self.folder / "munged.seed"}
        self.daemon("munged", "--foreground", "--force", *(f"--{name}={path}" for name, path in options.items()))
        self.wait_for(lambda: (self.folder / "munge.socket").exists(), "munged")
        self.daemon("slurmctld", "-D", "-c")
        self.wait_for(lambda: self.call("scontrol", "ping").returncode == 0, "slurmctld")
        self.daemon("slurmd", "-D", "-c")
        self.wait_for(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T").stdout, "slurmd")

    def daemon(self, *command):
        log = open(self.folder / f"{command[0]}.out", "w")
        # The path of an administrator: these programs live in sbin.
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        program = shutil.which(command[0], path=path) or command[0]
        environment = {**self.environment, "PATH": path}
        started = subprocess.Popen([program, *command[1:]], stdout=log, stderr=log, env=environment, start_new_session=True)
        self.daemons.append((command[0], started))

    def wait_for(self, condition, what, seconds=120):
        deadline = time.monotonic() + seconds
        while not condition():
            gone = [name for name, daemon in self.daemons if daemon.poll() is not None]
            if gone or time.monotonic() > deadline:
                raise SystemExit(f"{what}: {gone or 'waited too long'}\n{self.logs()}")
            time.sleep(0.1)

    def logs(self):
        files = [*self.folder.glob("*.out"), *self.folder.glob("*.log")]
        return "\n".join(f"-- {file.name}\n{file.read_text(errors='replace')[-1500:]}" for file in files)

    def call(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def jobs(self, number):
        """What Slurm knows of a job, or of all jobs of an array, each as words by their names."""
        told = self.call("scontrol", "--oneliner", "show", "job", number).stdout.splitlines()
        return [dict(re.findall(r"(\w+)=(\S+)", line)) for line in told]

    def job(self, number):
        """The same for a job that is alone."""
        return next(iter(self.jobs(number)), {})

    def tasks(self, number):
        """The jobs of an array by their number in it. Those that wait share a record, and are left out."""
        return {job.get("ArrayTaskId"): job for job in self.jobs(number)}

    def stop(self):
        self.call("scancel", "--user=root", "--signal=KILL", "--full")
        for _, daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
