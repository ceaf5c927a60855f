"""Our training speed on a GPU against transformers on the same shapes, in one run: prints each side's line and the ratios.
Usage: gpu_speed.py BUILD/bench/gpu_speed [SHAPE ...]"""
import json
import pathlib
import subprocess
import sys

PEER = pathlib.Path(__file__).with_name("gpu_speed_peer.py")


def line_of(command):
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stdout.strip() or done.stderr[-800:], flush=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if done.returncode == 0 and lines else None


def main():
    ours, shapes = sys.argv[1], sys.argv[2:] or ["smollm2-135m", "qwen2.5-0.5b", "qwen2.5-1.5b", "deepseek-v3-1.3b"]
    for shape in shapes:
        eager = ["--eager"] if shape.startswith("deepseek") else []
        peer = line_of([sys.executable, str(PEER), shape, *eager])
        # bf16 moments are what the peer, whose parameters are bf16, has
        for numerics, moments in (("fast", "bf16"), ("exact", "bf16"), ("fast", "f32")):
            mine = line_of([ours, shape, "--numerics", numerics, "--moments", moments])
            if mine and peer:
                print(f"{shape} {numerics}, moments {moments}: {mine['tokens_per_second'] / peer['tokens_per_second']:.2f} of the speed, "
                      f"{mine['peak_gib'] / peer['peak_gib']:.2f} of the memory", flush=True)


main()
