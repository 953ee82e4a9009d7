"""How supervised models are judged: pure functions over arrays, every random choice by seed."""
