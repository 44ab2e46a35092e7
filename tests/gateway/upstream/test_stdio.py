"""Connectors that run as child processes: crashes are plain to the caller and on the record, limits hold, nothing is left behind."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from gatebook.state.connectors import ConnectorSpec
from tests.gateway.conftest import ANN, BOB, Record, Running, Start, call, modern, spec

HERE = Path(__file__).parent.parent.parent / "fixtures"
LATE = (
    f"import runpy, sys, time; time.sleep(0.6); sys.argv = ['x']; runpy.run_path({str(HERE / 'stdio_hostile.py')!r}, run_name='__main__')"
)


def child(script: str = "stdio_echo.py", *words: str, **fields: Any) -> ConnectorSpec:
    """Make a stdio connector of one of the fixtures."""
    return spec(transport="stdio", command=[sys.executable, str(HERE / script), *words], **fields)


async def said(running: Running, tool: str, arguments: dict[str, Any] | None = None, token: str = ANN) -> str:
    """Call a tool of the connector `x`; returns its text."""
    _, message, _ = await running.post("/mcp/x", call(tool, arguments), token=token)
    return str(message["result"]["content"][0]["text"])


def lives(running: Running) -> list[tuple[str, str, int | None]]:
    """Return action, reason and exit code of all connector.process records."""
    return [(record.body.action, record.body.reason, record.body.exit_code) for record in running.records("connector.process")]  # type: ignore[union-attr]


def outcomes(records: list[Record]) -> list[Any]:
    """Return the outcomes of call.finished records."""
    return [record.body.outcome for record in records]  # type: ignore[union-attr]


async def gone(pid: int) -> bool:
    """Wait until the process has ended, at most five seconds."""
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        await asyncio.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("tool", "arguments", "how"), [("crash", {"code": 7}, "exit code 7"), ("kill", {}, "signal 9"), ("crash_in_answer", {}, "exit code 3")]
)
async def test_a_crash_is_a_tool_error_and_the_next_call_starts_again(
    gateway: Start, tool: str, arguments: dict[str, Any], how: str
) -> None:
    """A child that dies in a call gives an error that a model can read, with how it ended; the next call gets a new child."""
    async with gateway({"x": child("stdio_hostile.py")}) as running:
        status, message, _ = await running.post("/mcp/x", call(tool, arguments))
        assert status == 200 and message["result"]["isError"] is True
        assert how in message["result"]["content"][0]["text"]
        first, second = await said(running, "ok"), await said(running, "ok")
        assert first == second
        judged = outcomes(await running.settled(3, "call.finished"))
        assert [(outcome.status, outcome.transport, outcome.error_class) for outcome in judged] == [
            ("upstream_error", "broken", "upstream_down"),
            *[("ok", "ok", None)] * 2,
        ]
        assert how in judged[0].detail
        assert [life[:2] for life in lives(running)] == [("started", "demand"), ("ended", "crashed"), ("started", "restart")]
        assert running.records("connector.process")[1].body.exit_code in (7, 3, -9)  # type: ignore[union-attr]


async def test_the_last_line_of_stderr_is_told(gateway: Start) -> None:
    """Whoever has to mend it sees what the program said last."""
    async with gateway({"x": child("stdio_hostile.py", "--start", "crash")}) as running:
        _, message, _ = await running.post("/mcp/x", call("ok"))
        assert (
            "cannot start: no configuration" in message["result"]["content"][0]["text"]
            and "exit code 3" in message["result"]["content"][0]["text"]
        )
        assert outcomes(await running.settled(1, "call.finished"))[0].transport == "refused"
        assert lives(running) == [("started", "demand", None), ("ended", "start_failed", 3)]


@pytest.mark.parametrize("command", [["/nowhere/program"], [str(HERE)]])
async def test_a_program_that_cannot_run(gateway: Start, command: list[str]) -> None:
    """A path that is wrong, or no program, is an error that names it."""
    async with gateway({"x": spec(transport="stdio", command=command)}) as running:
        _, message, _ = await running.post("/mcp/x", call("ok"))
        assert command[0] in message["result"]["content"][0]["text"]
        assert outcomes(await running.settled(1, "call.finished"))[0].error_class == "upstream_down"


async def test_a_hang_at_start_ends_with_the_time_out(gateway: Start) -> None:
    """A child that never greets is stopped when the caller's time is over, and the next caller does not get it."""
    async with gateway({"x": child("stdio_hostile.py", "--start", "silent", limits={"timeout_s": 0.5})}) as running:
        for _ in range(2):
            _, message, _ = await running.post("/mcp/x", call("ok"))
            assert "no answer within 0.5 s" in message["result"]["content"][0]["text"]
        assert [outcome.status for outcome in outcomes(await running.settled(2, "call.finished"))] == ["timeout"] * 2
        await running.settled(4, "connector.process")
        assert [life[:2] for life in lives(running)].count(("ended", "start_failed")) == 2


async def test_noise_on_stdout_is_passed_over(gateway: Start) -> None:
    """Lines that are no messages, before or in a call, do not disturb it."""
    async with gateway({"x": child("stdio_hostile.py", "--start", "garbage")}) as running:
        assert await said(running, "garbage") == "ok"
        assert await said(running, "answers_twice") == "first"
        assert (await said(running, "ok")).isdigit()
        assert [outcome.status for outcome in outcomes(await running.settled(3, "call.finished"))] == ["ok"] * 3


async def test_an_endless_line_ends_the_child(gateway: Start) -> None:
    """A line above response_bytes_max is not kept in memory."""
    async with gateway({"x": child("stdio_hostile.py", limits={"response_bytes_max": 1 << 20})}) as running:
        assert "longer than 1048576 bytes" in await said(running, "endless_line")
        assert "longer than 1048576 bytes" in await said(running, "huge_line", {"bytes": 2 << 20})
        assert (await said(running, "huge_line", {"bytes": 500_000})) == "x" * 500_000


async def test_stderr_is_read_all_the_time(gateway: Start) -> None:
    """A child that writes megabytes to stderr does not block."""
    async with gateway({"x": child("stdio_hostile.py")}) as running:
        assert await said(running, "stderr_flood", {"bytes": 2 << 20}) == "ok"


async def test_a_flood_of_messages_arrives_whole(gateway: Start) -> None:
    """Thousands of notifications in one write are all relayed, and the answer behind them is not lost."""
    script = (
        "import json,sys\n"
        "for line in sys.stdin:\n"
        "  m=json.loads(line)\n"
        "  if 'id' not in m: continue\n"
        "  if m['method']=='initialize': out=[{'id':m['id'],'result':{'protocolVersion':'2025-11-25','capabilities':{},'serverInfo':{'name':'s','version':'1'}}}]\n"
        "  elif m['method']=='tools/call': out=[{'method':'notifications/message','params':{'level':'info','data':n}} for n in range(3000)]+[{'id':m['id'],'result':{'content':[]}}]\n"
        "  else: out=[{'id':m['id'],'error':{'code':-32601,'message':'no'}}]\n"
        "  sys.stdout.write(''.join(json.dumps({'jsonrpc':'2.0'}|o)+'\\n' for o in out)); sys.stdout.flush()\n"
    )
    async with gateway({"x": spec(transport="stdio", command=[sys.executable, "-c", script])}) as running:
        _, messages, _ = await running.post("/mcp/x", call("t"))
        assert [message["params"]["data"] for message in messages[:-1]] == list(range(3000)) and "result" in messages[-1]


async def test_a_child_that_is_too_large_is_stopped(gateway: Start) -> None:
    """Memory above the limit ends the child, and its record says how much it took."""
    async with gateway({"x": child("stdio_hostile.py", limits={"memory_bytes_max": 100 << 20})}) as running:
        pid = int(await said(running, "memory", {"bytes": 150 << 20}))
        assert await gone(pid)
        _, ended = await running.settled(2, "connector.process")
        assert ended.body.reason == "memory" and ended.body.memory_bytes_max > 150 << 20  # type: ignore[union-attr]
        assert await said(running, "ok") != str(pid)


async def test_an_idle_child_is_stopped_and_started_on_demand(gateway: Start) -> None:
    """After idle_stop_s the child goes; the next call starts another."""
    async with gateway({"x": child(limits={"idle_stop_s": 0.2})}) as running:
        pid = int(await said(running, "pid"))
        assert await gone(pid)
        assert int(await said(running, "pid")) != pid
        assert [life[:2] for life in lives(running)] == [("started", "demand"), ("ended", "idle"), ("started", "demand")]


async def test_one_child_a_person_by_default_and_one_for_all_on_request(gateway: Start) -> None:
    """State of one person's child is not another's, unless the connector says that it is shared."""
    async with gateway({"x": child()}) as running:
        assert await said(running, "count") == "1" and await said(running, "count", token=BOB) == "1"
        started = running.records("connector.process")
        assert len({record.body.owner for record in started}) == 2 and None not in {record.body.owner for record in started}  # type: ignore[union-attr]


async def test_a_shared_child_is_one(gateway: Start) -> None:
    """With share: connector there is one child, and its record names no owner."""
    async with gateway({"x": child(share="connector")}) as running:
        assert await said(running, "count") == "1" and await said(running, "count", token=BOB) == "2"
        (started,) = running.records("connector.process")
        assert started.body.owner is None  # type: ignore[union-attr]


async def test_two_people_on_one_child_do_not_mix(gateway: Start) -> None:
    """The same ids and progress tokens at the same time: each gets their own answers, under their own ids."""
    async with gateway({"x": child(share="connector")}) as running:

        async def ask(token: str, who: str, number: int) -> None:
            body = call("echo", {"who": who, "number": number}, id=number)
            body["params"]["_meta"] = {"progressToken": number}
            _, message, _ = await running.post("/mcp/x", body, token=token)
            assert message["id"] == number
            assert json.loads(message["result"]["content"][0]["text"]) == {"who": who, "number": number}

        await asyncio.gather(*(ask(token, who, number) for number in range(25) for token, who in ((ANN, "ann"), (BOB, "bob"))))
        assert len(running.records("connector.process")) == 1


async def test_what_a_given_up_call_still_says_is_shown_to_nobody_else(gateway: Start) -> None:
    """After Ann's call has timed out, its child is still at work: what it says then is not put into Bob's answer."""
    script = (
        "import json,sys,time,threading\n"
        "def send(**m): sys.stdout.write(json.dumps({'jsonrpc':'2.0'}|m)+'\\n'); sys.stdout.flush()\n"
        "def work(i,n,t):\n"
        "  time.sleep(n)\n"
        "  send(method='notifications/message',params={'level':'info','data':'private '+str(i)})\n"
        "  send(method='notifications/progress',params={'progressToken':t,'progress':1,'message':'private'})\n"
        "  time.sleep(0.2)\n"
        "  send(id=i,result={'content':[{'type':'text','text':'ok'}]})\n"
        "for line in sys.stdin:\n"
        "  m=json.loads(line)\n"
        "  if m.get('method')=='initialize': send(id=m['id'],result={'protocolVersion':'2025-11-25','capabilities':{},'serverInfo':{'name':'s','version':'1'}})\n"
        "  elif m.get('method')=='tools/call': threading.Thread(target=work,args=(m['id'],m['params']['arguments']['n'],m['params'].get('_meta',{}).get('progressToken'))).start()\n"
        "  elif 'id' in m: send(id=m['id'],error={'code':-32601,'message':'no'})\n"
    )
    connector = spec(transport="stdio", command=[sys.executable, "-c", script], share="connector", limits={"timeout_s": 0.4})
    async with gateway({"x": connector}) as running:
        bodies = [call("t", {"n": n}, id=1) for n in (0.6, 0.2)]
        for body in bodies:
            body["params"]["_meta"] = {"progressToken": "same"}
        await running.post("/mcp/x", bodies[0])
        _, got, _ = await running.post("/mcp/x", bodies[1], token=BOB)
        own = [message for message in got if message.get("method")] if isinstance(got, list) else []
        # Bob's own progress comes back under his own token, and nothing of Ann's.
        assert all("message" not in message["method"] for message in own) and len(own) <= 1
        assert all(message["params"]["progressToken"] == "same" for message in own)


async def test_room_is_made_by_stopping_an_idle_child(gateway: Start) -> None:
    """With room for one child, the second person's call evicts the idle one of the first."""
    async with gateway({"x": child(limits={"children_max": 1})}) as running:
        pid = int(await said(running, "pid"))
        assert int(await said(running, "pid", token=BOB)) != pid
        assert await gone(pid)
        assert [life[:2] for life in lives(running)][:2] == [("started", "demand"), ("ended", "evicted")]


async def test_a_busy_child_is_waited_for(gateway: Start) -> None:
    """With room for one child, the second person's call waits for the first one's to end."""
    async with gateway({"x": child(limits={"children_max": 1})}) as running:
        await said(running, "pid")
        slow = asyncio.create_task(said(running, "sleep", {"seconds": 0.5}))
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        await said(running, "pid", token=BOB)
        assert asyncio.get_running_loop().time() - began > 0.3
        assert json.loads(await slow) == {"seconds": 0.5}


async def test_there_are_never_more_children_than_allowed(gateway: Start) -> None:
    """Two people who come at the same moment do not get two children where there is room for one."""
    async with gateway({"x": child(limits={"children_max": 1})}) as running:
        await asyncio.gather(*(said(running, "pid", token=token) for token in (ANN, BOB) * 2))
        open_now = most = 0
        for action, _, _ in lives(running):
            open_now += 1 if action == "started" else -1
            most = max(most, open_now)
        assert most == 1


async def test_the_environment_of_the_gateway_stays_in_it(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child gets what it needs to run, what its connector gives it, and no secret of the gateway."""
    monkeypatch.setenv("GATEBOOK_TEST_SECRET", "s3cret")
    monkeypatch.setenv("UPSTREAM_KEY", "k3y")
    async with gateway({"x": child(env={"API_KEY": "env:UPSTREAM_KEY", "MODE": "plain"})}) as running:
        environment = json.loads(await said(running, "environment"))["environment"]
        assert environment["API_KEY"] == "k3y" and environment["MODE"] == "plain"
        assert not {"GATEBOOK_TEST_SECRET", "UPSTREAM_KEY"} & set(environment)
        assert set(environment) <= {
            "API_KEY",
            "MODE",
            "PATH",
            "HOME",
            "LANG",
            "LC_ALL",
            "LC_CTYPE",
            "TZ",
            "TMPDIR",
            "USER",
            "LOGNAME",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "NODE_EXTRA_CA_CERTS",
        }
        started = running.records("call.started")[0].body
        assert started.credential.kind == "environment" and "k3y" not in str(started)  # type: ignore[union-attr]
        assert started.server.startswith("stdio:python")  # type: ignore[union-attr]


@pytest.mark.parametrize("tool", ["spawn", "ignore_signals"])
async def test_stop_leaves_no_process_behind(gateway: Start, tool: str) -> None:
    """A grandchild, and a child that ignores SIGTERM, are ended when the gateway stops."""
    async with gateway({"x": child("stdio_hostile.py")}) as running:
        pid = int(await said(running, tool))
        assert psutil.pid_exists(pid)
    assert await gone(pid)


async def test_a_grandchild_does_not_hide_a_crash(gateway: Start) -> None:
    """A grandchild that holds the pipes open does not keep the caller waiting, and is ended with its parent."""
    async with gateway({"x": child("stdio_hostile.py")}) as running:
        grandchild = int(await said(running, "spawn"))
        began = asyncio.get_running_loop().time()
        assert "exit code 3" in await said(running, "crash")
        assert asyncio.get_running_loop().time() - began < 3
        assert await gone(grandchild)


@pytest.mark.parametrize("tool", ["hang", "no_answer"])
async def test_a_call_without_an_answer_times_out(gateway: Start, tool: str) -> None:
    """The caller is told in time; a child that still reads serves the next call."""
    async with gateway({"x": child("stdio_hostile.py", limits={"timeout_s": 1.0})}) as running:
        assert "no answer within 1 s" in await said(running, tool)
        assert outcomes(await running.settled(1, "call.finished"))[0].status == "timeout"
        if tool == "no_answer":
            assert (await said(running, "ok")).isdigit()


async def test_a_slow_start_is_waited_for(gateway: Start) -> None:
    """Callers that come while a child starts share it."""
    async with gateway({"x": spec(transport="stdio", command=[sys.executable, "-c", LATE])}) as running:
        first, second = await asyncio.gather(said(running, "ok"), said(running, "ok"))
        assert first == second


async def test_a_modern_client_uses_a_handshake_child(gateway: Start) -> None:
    """Plain tools cross the eras; the answer has the shape of the client's era."""
    async with gateway({"x": child()}) as running:
        body, headers = modern("tools/call", {"name": "echo", "arguments": {"a": 2**70}})
        status, message, _ = await running.post("/mcp/x", body, headers)
        assert status == 200 and message["result"]["resultType"] == "complete"
        assert json.loads(message["result"]["content"][0]["text"]) == {"a": 2**70}
        body, headers = modern("server/discover")
        _, message, _ = await running.post("/mcp/x", body, headers)
        assert message["result"]["serverInfo"]["name"] == "stdio-echo" and message["result"]["supportedVersions"] == ["2026-07-28"]


async def test_a_caller_that_leaves_at_the_start_leaves_no_half_started_child(gateway: Start) -> None:
    """The child that nobody waits for any more is ended, and the next caller gets a whole one."""
    async with gateway({"x": spec(transport="stdio", command=[sys.executable, "-c", LATE])}) as running:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(running.post("/mcp/x", call("ok")), 0.3)
        (finished,) = await running.settled(1, "call.finished")
        assert finished.body.outcome.status == "cancelled"  # type: ignore[union-attr]
        assert (await said(running, "ok")).isdigit()
        await running.settled(3, "connector.process")
        assert sorted(life[0] for life in lives(running)) == ["ended", "started", "started"]
        assert ("ended", "start_failed") in [life[:2] for life in lives(running)]
