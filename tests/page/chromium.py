"""A headless Chromium, driven by the DevTools protocol through two pipes: no port, no display, nothing but the standard library."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--mute-audio",
         "--no-default-browser-check", "--use-mock-keychain", "--password-store=basic", "--remote-debugging-pipe", "--force-color-profile=srgb"]


class ChromiumError(Exception):
    pass


def find():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise ChromiumError("there is no chromium: scripts/setup installs what the tests need")


class Chromium:
    """One browser with one page at a time."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="dmakit-chromium-")
        self.events = []
        self.number = 0
        self.rest = b""
        self.session = None
        self.target = None
        self.start()

    def start(self):
        # the browser reads commands from its descriptor 3, and answers on 4
        theirs_in, self.to = os.pipe()
        self.answers, theirs_out = os.pipe()
        high = [os.dup2(fd, number) for fd, number in ((theirs_in, 100), (theirs_out, 101))]
        os.close(theirs_in)
        os.close(theirs_out)

        def arrange():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.log = open(os.path.join(self.directory, "log"), "w+b")
        env = dict(os.environ, HOME=self.directory, XDG_CONFIG_HOME=self.directory, XDG_CACHE_HOME=self.directory, DBUS_SESSION_BUS_ADDRESS="disabled:")
        self.process = subprocess.Popen([find(), *FLAGS, f"--user-data-dir={self.directory}/profile", "about:blank"], env=env, close_fds=False,
                                        preexec_fn=arrange, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)
        for fd in high:
            os.close(fd)

    def close(self):
        try:
            self.call("Browser.close", session=None)
            self.process.wait(10)
        except (ChromiumError, OSError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.to)
        os.close(self.answers)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    # --- the protocol

    def receive(self, until):
        """The next message; what is none in time is an error that shows what the browser said."""
        while b"\0" not in self.rest:
            if not select.select([self.answers], [], [], max(0, until - time.monotonic()))[0]:
                raise ChromiumError("chromium does not answer\n" + self.said())
            piece = os.read(self.answers, 1 << 20)
            if not piece:
                raise ChromiumError("chromium is gone\n" + self.said())
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def said(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")[-3000:]

    def call(self, method, session="page", timeout=60, **params):
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if session:
            command["sessionId"] = self.session
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        until = time.monotonic() + timeout
        while True:
            message = self.receive(until)
            if message.get("id") == self.number:
                if "error" in message:
                    raise ChromiumError(f"{method}: {message['error']}")
                return message["result"]
            if "method" in message:
                self.events.append(message)

    # --- a page

    def open(self, path, width=1280, height=900, dark=False):
        """A new page with that file, loaded; what happens on it is in self.events."""
        if self.target:
            self.call("Target.closeTarget", session=None, targetId=self.target)
        self.events = []
        self.target = self.call("Target.createTarget", session=None, url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", session=None, targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Accessibility"):
            self.call(f"{domain}.enable")
        self.size(width, height)
        self.scheme(dark)
        self.call("Page.navigate", url="file://" + path)
        self.loaded()
        self.frame()

    def loaded(self):
        """The new page is there; while it comes, the old one's scripts can go in the middle of an answer."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if self.js("location.protocol === 'file:' && document.readyState === 'complete'"):
                    return
            except ChromiumError:
                pass
            time.sleep(0.01)
        raise ChromiumError("the page does not load\n" + self.said())

    def size(self, width, height, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)

    def scheme(self, dark):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                                         {"name": "prefers-reduced-motion", "value": "reduce"}])

    def js(self, expression):
        """The value of an expression; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in result:
            raise ChromiumError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression, timeout=30):
        until = time.monotonic() + timeout
        while not self.js(f"Boolean({expression})"):
            if time.monotonic() > until:
                raise ChromiumError(f"never true: {expression}")
            time.sleep(0.02)

    def frame(self):
        """All that was asked for is drawn."""
        self.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def press(self, key, shift=False):
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36}
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        common = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper())), "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)
        self.frame()

    def type(self, text):
        self.call("Input.insertText", text=text)
        self.frame()

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, selector):
        box = self.box(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, button="left", clickCount=1)
        self.frame()

    def box(self, selector):
        """Where an element is in the window, after it was brought there."""
        return self.js(f"""(() => {{ const e = document.querySelector({json.dumps(selector)});
            e.scrollIntoView({{block: 'center', behavior: 'instant'}});
            const b = e.getBoundingClientRect(); return {{x: b.x, y: b.y, width: b.width, height: b.height}}; }})()""")

    def screenshot(self, path, whole=False):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(data))

    # --- what happened

    def requests(self):
        """Addresses asked for, but the page itself and what it carries."""
        asked = [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith("data:")][1:]

    def complaints(self):
        """Errors of scripts, and what the page's own policy refused."""
        found = [event["params"]["exceptionDetails"] for event in self.events if event["method"] == "Runtime.exceptionThrown"]
        found += [event["params"] for event in self.events if event["method"] == "Runtime.consoleAPICalled"]
        found += [event["params"]["entry"]["text"] for event in self.events if event["method"] == "Log.entryAdded"]
        return found
