"""Makes a module smaller while a property holds."""
import os
import shutil
import subprocess


def reduce_module(generator, path, output, holds, attempts=400):
    """Tries the reductions of `generator --reduce`, in turn, until none helps. Returns the path of the result."""
    shutil.copy(path, output)
    if not holds(output):
        return output
    candidate = output + ".try.wasm"
    step = 0
    while attempts > 0:
        done = subprocess.run([generator, "--reduce", str(step), output, candidate], capture_output=True, text=True)
        if done.returncode != 0:  # no such step
            break
        step = int(done.stdout)
        attempts -= 1
        if holds(candidate):
            os.replace(candidate, output)
        else:
            step += 1
    if os.path.exists(candidate):
        os.remove(candidate)
    return output
