"""The array work of one commodity in plain NumPy, with nothing around it.

A for-loop over reviews and stages on arrays of the model's shapes: n replications, P producers, B buyers, L
labels. It does the arithmetic that the model's rules need (draws of transit and demand, production from
labelled feed, use, base-stock orders, the allocation by firm claims, habitual spot and open spot, label mixing,
dispatch into a landing calendar, two service days and three settlements a review, the price, one record a
review) and has no SimPy, no policies, projects, outages or government, no catalogue, no checks and no objects.
That is less than what the model does, so the ratio to it is an upper bound of the model's overhead.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Chain
from simulator.domain.sampling import standard_normal
from simulator.model.labels import Labels

Floats = NDArray[np.float64]
TINY = 1e-300
STEP, SERVICE, WEEKS = 14, 7, 64


def bare(chain: Chain, focal_region: str, reviews: int, n: int, seed: int, lap: Callable[[str], None] = str) -> Floats:
    """Run one block and return the focal buyer's consumption, so that no work can be dropped.

    ``lap`` hears the name of each part of the work when it is done.
    """
    labels = Labels(chain)
    last = chain.verdict_stage
    sold_as, size = labels.layouts, labels.layouts[last].size
    received_as = (sold_as[0], *sold_as[:-1])
    stages = chain.stages
    rng = np.random.Generator(np.random.Philox(seed))
    flows = [stage.flows / 365.25 for stage in stages]
    shares = [f / np.maximum(f.sum(axis=0), TINY) for f in flows]
    regions = [len(stage.regions) for stage in stages]
    focal = stages[last].regions.index(focal_region)
    use = [np.repeat(f.sum(axis=0)[None], n, axis=0) for f in flows]
    product = [np.repeat((stage.output / 12)[None], n, axis=0) for stage in stages]
    product_labels = [np.zeros((*p.shape, layout.size)) for p, layout in zip(product, received_as, strict=True)]
    feed = [np.repeat((stage.output / 12 / stage.feed_yield)[None], n, axis=0) for stage in stages]
    feed_labels = [np.zeros((*p.shape, layout.size)) for p, layout in zip(feed, received_as, strict=True)]
    for s, layout in enumerate(received_as):
        product_labels[s][:, :, layout.nowhere] = product[s]
        feed_labels[s][:, :, layout.nowhere] = feed[s]
    inventory = [u[:, :r] * 45.0 for u, r in zip(use, regions, strict=True)]
    on_order = [np.zeros_like(u) for u in use]
    lags = [np.maximum(1, np.round(stage.lag_days / STEP)).astype(int) for stage in stages]
    depth = [int(lag.max(initial=1)) + 1 for lag in lags]
    ways = [[np.zeros_like(u) for _ in range(d)] for u, d in zip(use, depth, strict=True)]
    ways_labels = [
        [np.zeros((n, u.shape[1] - r, layout.size)) for _ in range(d)]
        for u, r, d, layout in zip(use, regions, depth, sold_as, strict=True)
    ]
    elasticity, supply_elasticity = rng.uniform(-0.3, -0.1, n), rng.uniform(0.1, 0.5, n)
    firm = [rng.uniform(0.2, 0.6, (n, 1, 1)) * np.ones(f.shape)[None] for f in flows]
    price, gap = np.ones(n), np.zeros(n)

    producers = len(stages[last].producers)
    normal = standard_normal(rng.random((n, reviews, producers)))
    weeks = np.maximum(1, np.ceil(25.0 * np.exp(0.3 * normal) / SERVICE)).astype(np.int32)
    weeks = np.ascontiguousarray(np.moveaxis(np.minimum(weeks, WEEKS - 1), 1, 0))
    noise = np.exp(0.05 * standard_normal(rng.random((n, reviews))))
    calendar = np.zeros((WEEKS, n, producers))
    flat, place = calendar.reshape(-1), np.arange(n * producers).reshape(n, producers)
    pool, pool_labels = np.zeros((n, producers)), np.zeros((n, producers, size))
    stock = use[last][:, focal] * 45.0
    stock_labels = stock[:, None] * np.full(size, 1.0 / size)
    consumed, used, demanded = np.zeros((n, size)), np.zeros(n), np.zeros(n)
    landed, rate = np.zeros((n, producers)), use[last][:, focal].copy()
    record: list[tuple[Floats, ...]] = []

    def settle(days: float) -> None:
        nonlocal stock, demanded, used, consumed, stock_labels
        need = rate * days
        demanded += need
        take = np.minimum(stock, need)
        moved = stock_labels * (take / np.maximum(stock, TINY))[:, None]
        stock_labels -= moved
        stock = stock - take
        consumed += moved
        used += take

    lap("draws and opening state")
    for review in range(reviews):
        for service in (1, 2):
            settle(SERVICE)
            landing = calendar[(2 * review + service) % WEEKS]
            share = np.minimum(1.0, landing / np.maximum(pool, TINY))
            stock_labels += np.einsum("np,npl->nl", share, pool_labels)
            pool_labels *= (1.0 - share)[:, :, None]
            stock = stock + landing.sum(axis=1)
            pool = np.maximum(pool - landing, 0.0)
            landed += landing
            landing.fill(0.0)
        lap("landing")
        raised, answer = np.power(price, supply_elasticity), np.power(price, elasticity)
        for s, stage in enumerate(stages):
            r, now = regions[s], review % depth[s]
            arriving = ways[s][now]
            inventory[s] += arriving[:, :r]
            on_order[s] -= arriving
            if r < arriving.shape[1]:
                feed[s + 1] += arriving[:, r:]
                feed_labels[s + 1] += ways_labels[s][now]
                ways_labels[s][now].fill(0.0)
            arriving.fill(0.0)
            lap("landing")
            output = np.minimum(stage.capacity, stage.output * raised[:, None]) / 365.25
            throttle = np.clip((90.0 * output - product[s]) / np.maximum(60.0 * output, TINY), 0.0, 1.0)
            made = output * throttle * STEP
            if s == 0:
                product[s] += made
            else:
                taken = np.minimum(made / stage.feed_yield, feed[s])
                moved = feed_labels[s] * (taken / np.maximum(feed[s], TINY))[:, :, None]
                feed_labels[s] -= moved
                feed[s] -= taken
                moved *= stage.feed_yield
                product_labels[s] += moved
                product[s] += taken * stage.feed_yield
                use[s - 1][:, regions[s - 1] :] = output * throttle / stage.feed_yield
            if r:
                asked = flows[s][:, :r].sum(axis=0) * answer[:, None]
                use[s][:, :r] = asked
                inventory[s] -= np.minimum(inventory[s], asked * STEP)
                if s == last:
                    rate = asked[:, focal] * noise[:, review]
                    inventory[s][:, focal] = stock
            lap("production and use")
        short = np.zeros(n)
        for s in range(len(stages)):
            r = regions[s]
            held = np.concatenate([inventory[s], feed[s + 1]], axis=1) if s + 1 < len(stages) else inventory[s]
            if s == last:
                on_order[s][:, focal] = pool.sum(axis=1)
            level = use[s] * (45.0 * (1.0 + gap)[:, None] + lags[s] * STEP)
            order = np.clip(level - held - on_order[s], 0.0, 2.6 * use[s] * STEP)
            lap("orders")
            want = order[:, None, :] * shares[s]
            flow = want * firm[s]
            want -= flow
            left = product[s]
            for part in (flow, want):
                claim = np.einsum("npb->np", part)
                if (claim > left).any():
                    part *= np.minimum(1.0, left / np.maximum(claim, TINY))[:, :, None]
                left = np.maximum(left - claim, 0.0)
            flow += want
            unmet = np.maximum(order - np.einsum("npb->nb", flow), 0.0)
            spot = np.repeat(unmet[:, None, :], left.shape[1], axis=1)
            spot *= (left / np.maximum(np.einsum("npb->np", spot), TINY))[:, :, None]
            spot *= np.minimum(1.0, unmet / np.maximum(np.einsum("npb->nb", spot), TINY))[:, None, :]
            flow += spot
            sold, received = np.einsum("npb->np", flow), np.einsum("npb->nb", flow)
            lap("allocation")
            if s:
                mix = np.zeros((*product[s].shape, sold_as[s].size))
                had = product_labels[s] / np.maximum(product[s], TINY)[:, :, None]
                mix[:, :, sold_as[s].received] = had[:, :, received_as[s].mixing]
                mix[:, :, sold_as[s].apart] = had[:, :, received_as[s].bounds]
                labels.relabel(mix, np.ones_like(product[s]), s, stages[s].producers)
                product_labels[s] *= (1.0 - np.minimum(sold / np.maximum(product[s], TINY), 1.0))[:, :, None]
            else:
                mix = np.broadcast_to(labels.fresh, (n, *labels.fresh.shape))
            product[s] = np.maximum(product[s] - sold, 0.0)
            for lag in np.unique(lags[s]):
                columns = lags[s] == lag
                if s == last:
                    columns = columns & (np.arange(columns.size) != focal)
                ways[s][(review + lag) % depth[s]][:, columns] += received[:, columns]
                if r < received.shape[1]:
                    part = columns[r:]
                    sent = np.matmul(flow[:, :, r:].transpose(0, 2, 1), mix)
                    ways_labels[s][(review + lag) % depth[s]][:, part] += sent[:, part]
            on_order[s] += received
            if s == last:
                lots = np.ascontiguousarray(flow[:, :, focal])
                flat[(weeks[review] + 2 * review + 2) % WEEKS * place.size + place] += lots
                pool += lots
                pool_labels += mix * lots[:, :, None]
            lap("dispatch")
            wanted = np.minimum(order, use[s] * STEP).sum(axis=1)
            short = np.maximum(short, 1.0 - np.minimum(received.sum(axis=1) / np.maximum(wanted, TINY), 1.0))
            lap("orders")
        gap = short + (gap - short) * 0.8
        clearing = np.minimum(np.power(1.0 - np.clip(gap, 0.0, 0.99), -1.0 / 0.15), 12.0)
        price = clearing + (price - clearing) * np.where(clearing > price, 0.7, 0.9)
        lap("price")
        settle(0.0)
        record.append((demanded.copy(), used.copy(), consumed.copy(), landed.copy(), stock, price))
        lap("record")
    return used
