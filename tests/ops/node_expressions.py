"""Expressions whose nodes have PyTorch's names: `x` (2, 2), `b` (1, 2, 2) and `c` (1, 1, 2, 2) are leaves, `y` is computed, `t` a
target. One table each for tensors, writes in place, functions and modules.
"""

TENSORS = """
x + 1 | 1 + x | x + x | x - 1 | x - x | 1 - x | 2.0 - x | x * 2 | 2 * x | x * x | x / 2 | 2 / x | x / x | x ** 2
x ** 0.5 | 2 ** x | x ** x | -x | x @ x | x @ x[0] | x[0] @ x[0] | x[0] @ x | x % 2 | abs(x) | b @ x | b @ b | x.T
x.mT | x.t() | x[0] | x[0, 1] | x[1:] | x[:, 0] | x[..., 0] | x[None] | x[:, None] | x[[0, 1]] | x[x > 0.3] | x[0, :1]
x[:, [0]] | x[T.tensor([0, 1]), T.tensor([1, 0])] | x[0:1, 0:1] | x[:] | x[...] | x[::2] | x[-1] | x.sum() | x.sum(0)
x.sum(1, keepdim=True) | x.sum((0, 1)) | x.mean() | x.mean(0) | x.mean(1, keepdim=True) | x.mean((0, 1)) | x.var()
x.var(0) | x.std() | x.std(0) | x.var(unbiased=False) | x.std(1, keepdim=True) | x.prod() | x.prod(0) | x.max()
x.min() | x.max(0).values | x.min(1).values | x.max(0)[0] | x.amax(0) | x.amin(1) | x.median() | x.median(0).values
x.norm() | x.norm(dim=1) | x.norm(1) | x.norm(p=1, dim=0) | x.logsumexp(0) | x.cumsum(0) | x.cumprod(0) | x.nansum()
x.nanmean() | T.std_mean(x)[0] | T.std_mean(x)[1] | T.var_mean(x, 0)[1] | x.cummax(0).values | x.logcumsumexp(0)
x.dist(x * 2) | x.trace() | x.aminmax().min | x.kthvalue(1).values | x.mode(0).values | x.sort(0).values | x.sort()[0]
x.topk(1).values | x.topk(1)[0] | T.maximum(x, x * 2) | T.minimum(x, x * 2) | T.max(x, x * 2) | T.min(x, x * 2)
T.where(x > 0.3, x, 0.0) | T.where(x > 0.3, x, x * 2) | x.clamp(0, 1) | x.clamp(min=0) | x.clip(0, 1)
x.clamp_min(0.1) | x.clamp_max(0.6) | x.exp() | x.log() | x.log2() | x.log10() | x.log1p() | x.expm1() | x.exp2()
x.sqrt() | x.rsqrt() | x.square() | x.abs() | x.neg() | x.sign() | x.reciprocal() | x.pow(2) | x.pow(x) | x.sin()
x.cos() | x.tan() | x.asin() | x.acos() | x.atan() | x.sinh() | x.cosh() | x.tanh() | x.asinh() | (x + 1).acosh()
x.atanh() | T.atan2(x, x) | x.sigmoid() | x.relu() | x.erf() | x.erfc() | x.erfinv() | x.lgamma() | x.digamma()
x.floor() | x.ceil() | x.round() | x.trunc() | x.frac() | x.fmod(0.3) | x.remainder(0.3) | x.hypot(x)
x.lerp(x * 2, 0.5) | x.logit() | x.sinc() | x.xlogy(x) | x.deg2rad() | T.logaddexp(x, x) | T.addcmul(x, x, x)
T.addcdiv(x, x, x) | x.nan_to_num() | x.i0() | x.sgn() | x.copysign(-1.0) | x.float_power(2) | x.view(4)
x.view(-1, 1) | x.reshape(4) | x.reshape(2, 2) | x.flatten() | x.ravel() | x.transpose(0, 1) | x.permute(1, 0)
x.unsqueeze(0) | x.squeeze() | x.unsqueeze(0).squeeze(0) | x.unsqueeze(0).squeeze() | x.expand(3, 2, 2)
x.repeat(2, 1) | x.tile(2) | x.flip(0) | x.roll(1, 0) | x.contiguous() | x.t().contiguous() | x.clone() | x.diagonal()
x[0].diag() | x.tril() | x.triu() | x.movedim(0, 1) | x.swapaxes(0, 1) | x.rot90() | x.unflatten(0, (1, 2))
x.broadcast_to((3, 2, 2)) | x.expand_as(b) | x.view_as(x.detach()) | x.unfold(0, 1, 1) | x.fliplr() | T.cat([x, x])
T.stack([x, x]) | T.hstack([x, x]) | T.vstack([x, x]) | x.chunk(2)[0] | x.split(1)[0] | x.split([1, 1])[1]
x.unbind()[0] | x.tensor_split(2)[0] | x.narrow(0, 0, 1) | x.select(0, 1) | x.index_select(0, T.tensor([0]))
x.gather(0, T.tensor([[0, 1]])) | x.take(T.tensor([0])) | x.masked_fill(x > 0.3, 0.0) | x.masked_select(x > 0.3)
x.scatter(0, T.tensor([[0, 1]]), x) | x.scatter_add(0, T.tensor([[0, 1]]), x) | x.index_add(0, T.tensor([0]), x[:1])
x.index_fill(0, T.tensor([0]), 1.0) | T.nn.functional.pad(x, (1, 1)) | x.repeat_interleave(2)
x.take_along_dim(T.tensor([[0, 1]]), 0) | x.mm(x) | x.matmul(x) | x.mv(x[0]) | x[0].dot(x[1]) | b.bmm(b)
T.outer(x[0], x[1]) | T.addmm(x, x, x) | x[0].addmv(x, x[0]) | T.baddbmm(b, b, b) | T.kron(x, x) | x.det()
x.inverse() | x.logdet() | T.linalg.norm(x) | T.linalg.inv(x) | T.linalg.solve(x, x) | T.linalg.det(x)
T.linalg.cholesky(x @ x.t()) | T.linalg.eigvalsh(x + x.t()) | T.linalg.svdvals(x) | T.matrix_exp(x)
T.linalg.vector_norm(x) | T.cross(b[0, :, :1].expand(2, 3), b[0, :, 1:].expand(2, 3) * 2, dim=1) | T.cdist(x, x * 2)
T.linalg.matrix_norm(x) | T.linalg.pinv(x) | x.matrix_power(2) | T.linalg.multi_dot([x, x]) | T.linalg.qr(x).R
x.softmax(0) | x.log_softmax(0) | T.softmax(x, 1) | x.double() | x.float() | x.to(T.float64) | x.half()
x.type(T.float64) | x.double().float() | T.fft.fft(x[0]).abs() | T.complex(x, x).real | x.detach().requires_grad_()
x.requires_grad_() | x.diff() | x.cumsum(0).sum() | x.count_nonzero() | (x * 2).exp().mean() | ((x - 1) ** 2).mean()
(x.sum() / 4) | x.add(1) | x.sub(1) | x.mul(2) | x.div(2) | x.add(x, alpha=2) | x.sub(x, alpha=2) | T.add(x, x)
T.rsub(x, 1) | x.true_divide(2) | (x > 0.3) * x | x * T.tensor(2.0)
"""

IN_PLACE = """
y.add_(1) | y.mul_(2) | y.sub_(1) | y.div_(2) | y.pow_(2) | y.exp_() | y.relu_() | y.sigmoid_() | y.tanh_()
y.zero_() | y.fill_(1.0) | y.clamp_(0, 1) | y.neg_() | y.sqrt_() | y.copy_(x) | y.t_() | y.unsqueeze_(0)
y.masked_fill_(x > 0.3, 0.0) | y.__iadd__(1) | y.__imul__(x) | y.abs_()
"""

FUNCTIONS = """
F.relu(x) | F.relu6(x) | F.leaky_relu(x) | F.elu(x) | F.celu(x) | F.selu(x) | F.gelu(x) | F.silu(x) | F.mish(x)
F.softplus(x) | F.softsign(x) | F.tanh(x) | F.sigmoid(x) | F.hardtanh(x) | F.hardsigmoid(x) | F.hardswish(x)
F.hardshrink(x) | F.softshrink(x) | F.tanhshrink(x) | F.logsigmoid(x) | F.threshold(x, 0.1, 0.0) | F.glu(x)
F.softmax(x, 0) | F.softmin(x, 0) | F.log_softmax(x, 1) | F.prelu(x, T.tensor([0.1])) | F.normalize(x)
F.dropout(x, 0.5) | F.dropout(x, 0.5, False) | F.dropout(x, 0.0) | F.alpha_dropout(x, 0.5, True) | F.gumbel_softmax(x)
F.mse_loss(x, t) | F.mse_loss(x, t, reduction='sum') | F.mse_loss(x, t, reduction='none') | F.l1_loss(x, t)
F.l1_loss(x, t, reduction='sum') | F.l1_loss(x, t, reduction='none') | F.smooth_l1_loss(x, t) | F.huber_loss(x, t)
F.binary_cross_entropy(x, t) | F.binary_cross_entropy(x, t, reduction='none')
F.binary_cross_entropy_with_logits(x, t) | F.cross_entropy(x, T.tensor([0, 1])) | F.cross_entropy(x, t)
F.cross_entropy(x, T.tensor([0, 1]), reduction='none') | F.cross_entropy(x, T.tensor([0, 1]), reduction='sum')
F.cross_entropy(x, T.tensor([0, 1]), label_smoothing=0.1)
F.cross_entropy(x, T.tensor([0, 1]), weight=T.tensor([1.0, 2.0])) | F.cross_entropy(x[0], T.tensor(1))
F.cross_entropy(x[..., None], T.tensor([[0], [1]])) | F.cross_entropy(x, T.tensor([0, -100]))
F.nll_loss(x, T.tensor([0, 1])) | F.nll_loss(x, T.tensor([0, 1]), reduction='none')
F.kl_div(x, t, reduction='batchmean') | F.kl_div(x, t, reduction='sum') | F.poisson_nll_loss(x, t)
F.gaussian_nll_loss(x, t, T.ones(2, 2)) | F.hinge_embedding_loss(x, T.tensor([[1.0, -1.0]] * 2))
F.margin_ranking_loss(x[0], x[1], T.tensor([1.0, -1.0])) | F.soft_margin_loss(x, T.tensor([[1.0, -1.0]] * 2))
F.cosine_embedding_loss(x, x * 2, T.tensor([1.0, -1.0])) | F.triplet_margin_loss(x, x * 2, x * 3)
F.multi_margin_loss(x, T.tensor([0, 1])) | F.multilabel_soft_margin_loss(x, t)
F.multilabel_margin_loss(x, T.tensor([[0, -1], [1, -1]])) | F.cosine_similarity(x, x * 2)
F.pairwise_distance(x, x * 2) | F.linear(x, x) | F.linear(x, x, x[0]) | F.linear(b, x) | F.linear(b, x, x[0])
F.linear(x[0], x) | F.linear(x[0], x, x[0]) | F.layer_norm(x, (2,)) | F.layer_norm(x, (2,), x[0], x[1])
F.batch_norm(x, None, None, training=True) | F.batch_norm(x, T.zeros(2), T.ones(2)) | F.group_norm(x, 1)
F.instance_norm(b, None) | F.rms_norm(x, (2,)) | F.local_response_norm(b, 2) | F.embedding(T.tensor([0, 1]), x)
F.embedding_bag(T.tensor([[0, 1]]), x) | F.one_hot(T.tensor([0, 1])) | F.conv1d(b, b) | F.conv2d(c, c)
F.conv2d(c, c, padding=1) | F.conv3d(c[None], c[None]) | F.conv_transpose1d(b, b.expand(2, 2, 2))
F.conv_transpose2d(c, c) | F.max_pool1d(b, 2) | F.max_pool2d(c, 2) | F.max_pool2d(c, 1)
F.max_pool3d(c.expand(1, 2, 2, 2), 2) | F.avg_pool1d(b, 2) | F.avg_pool2d(c, 2) | F.avg_pool3d(c[None], 1)
F.adaptive_avg_pool1d(b, 1) | F.adaptive_avg_pool2d(c, 1) | F.adaptive_avg_pool2d(c, 2) | F.adaptive_max_pool2d(c, 1)
F.adaptive_max_pool1d(b, 1) | F.lp_pool2d(c, 2.0, 2) | F.unfold(c, 1) | F.fold(b, (1, 2), (1, 1))
F.interpolate(c, scale_factor=2) | F.interpolate(c, scale_factor=2, mode='bilinear')
F.interpolate(b, scale_factor=2, mode='linear') | F.interpolate(c, scale_factor=2, mode='bicubic')
F.pixel_shuffle(c.expand(1, 4, 2, 2), 2) | F.pad(b, (1, 1), mode='reflect') | F.pad(c, (1, 1, 1, 1), mode='replicate')
F.pad(c, (1, 1, 1, 1), mode='reflect') | F.scaled_dot_product_attention(b, b, b)
F.scaled_dot_product_attention(b, b, b, is_causal=True)
"""

MODULES = """
nn.Linear(2, 3)(x) | nn.Linear(2, 3)(b) | nn.Linear(2, 3, bias=False)(x) | nn.Linear(2, 3)(x[0])
nn.Sequential(nn.Linear(2, 3), nn.ReLU())(x) | nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))(x)
nn.Conv1d(2, 2, 2)(b) | nn.Conv2d(1, 2, 2)(c) | nn.ConvTranspose2d(1, 2, 2)(c) | nn.BatchNorm1d(2)(x)
nn.BatchNorm1d(2).eval()(x) | nn.BatchNorm2d(1)(c) | nn.LayerNorm(2)(x) | nn.GroupNorm(1, 1)(c) | nn.RMSNorm(2)(x)
nn.InstanceNorm2d(1)(c) | nn.Embedding(3, 2)(T.tensor([0, 2])) | nn.EmbeddingBag(3, 2)(T.tensor([[0, 2]]))
nn.Dropout(0.5)(x) | nn.Dropout(0.5).eval()(x) | nn.Dropout2d(0.5)(c) | nn.ReLU()(x) | nn.GELU()(x) | nn.SiLU()(x)
nn.LeakyReLU()(x) | nn.Sigmoid()(x) | nn.Softmax(dim=1)(x) | nn.LogSoftmax(dim=1)(x) | nn.PReLU()(x)
nn.MaxPool2d(2)(c) | nn.AvgPool2d(2)(c) | nn.AdaptiveAvgPool2d(1)(c) | nn.Flatten()(c) | nn.Unflatten(1, (1, 2))(x)
nn.Identity()(x) | nn.Upsample(scale_factor=2)(c) | nn.ZeroPad2d(1)(c) | nn.MSELoss()(x, t) | nn.L1Loss()(x, t)
nn.CrossEntropyLoss()(x, T.tensor([0, 1])) | nn.NLLLoss()(x, T.tensor([0, 1])) | nn.BCELoss()(x, t)
nn.BCEWithLogitsLoss()(x, t) | nn.SmoothL1Loss()(x, t) | nn.HuberLoss()(x, t)
nn.KLDivLoss(reduction='batchmean')(x, t) | nn.RNN(2, 2, batch_first=True)(b)[0] | nn.RNN(2, 2)(b)[0]
nn.RNN(2, 2)(b)[1] | nn.LSTM(2, 2)(b)[0] | nn.LSTM(2, 2)(b)[1][0] | nn.LSTM(2, 2, batch_first=True)(b)[0]
nn.GRU(2, 2)(b)[0] | nn.GRU(2, 2)(b)[1] | nn.RNNCell(2, 2)(x) | nn.LSTMCell(2, 2)(x)[0] | nn.GRUCell(2, 2)(x)
nn.MultiheadAttention(2, 1)(b, b, b)[0] | nn.MultiheadAttention(2, 1)(b, b, b)[1]
nn.TransformerEncoderLayer(2, 1, 2)(b) | nn.TransformerDecoderLayer(2, 1, 2)(b, b) | nn.Bilinear(2, 2, 1)(x, x)
nn.CosineSimilarity()(x, x * 2) | nn.utils.parameters_to_vector(nn.Linear(2, 2).parameters())
nn.CTCLoss()(b.transpose(0, 1).log_softmax(2), T.tensor([[1]]), (2,), (1,))
nn.CTCLoss(reduction='none')(b.transpose(0, 1).log_softmax(2), T.tensor([[1]]), (2,), (1,))
nn.PairwiseDistance()(x, x * 2) | nn.PixelShuffle(2)(c.expand(1, 4, 2, 2)) | nn.Softplus()(x) | nn.ELU()(x)
nn.Hardtanh()(x)
"""

# Where one op here is several there or the other way round, and no better name is to be had.
DIFFERENT = """
+x | x // 1 | x @ b | x.H | x.quantile(0.5) | T.pow(2, x) | x.heaviside(x.detach()) | x.t().reshape(4) | x.diag()
T.tensordot(x, x, 1) | T.meshgrid(x[0], x[1])[0] | T.block_diag(x, x) | T.einsum('ij,jk->ik', x, x)
T.einsum('ij->ji', x) | T.einsum('ij->', x) | x.cov() | x.div(2, rounding_mode='floor') | T.trapz(x[0])
F.bilinear(x, x, b.expand(2, 2, 2))
"""
