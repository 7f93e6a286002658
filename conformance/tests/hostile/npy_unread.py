from polite import HELLO, serve

serve(hello={**HELLO, "capabilities": ["npy"]})
